-- Each wish for a rebuild is told from the one before it: by the event that told of it. Whoever has taken a wish on, and was
-- silent for so long that somebody wished again, changes nothing any more.
--
-- Unique, so that a new wish waits for whoever holds the row for key share, and telling how far it is does not.
alter table stream.rebuild add column wish uuid not null default gen_random_uuid() unique;
alter table stream.rebuild alter column wish drop default;
