-- A mail with a link for a new password looks whether a newer one was asked for.
create index mail_reset on app.mail (recipient, created_at) where kind = 'password_reset';
