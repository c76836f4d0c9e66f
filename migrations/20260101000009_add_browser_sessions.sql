-- Log-ins of browsers: the session is named by a secret in a cookie, kept here as a hash, instead of by refresh tokens.

alter table app.session add column cookie bytea;
create unique index session_cookie on app.session (cookie) where cookie is not null;
