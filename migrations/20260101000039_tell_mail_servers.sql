-- Of several processes that deliver mails, one without a mail server must not print what another one can send: whoever delivers
-- mails says whether it has a server. Null of a process that delivers none, and of one from before, which says nothing.
alter table app.node add column mail_server boolean;
