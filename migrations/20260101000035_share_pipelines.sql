-- Who would like to run a pipeline that somebody else runs: a process that came later and has fewer of them. Whoever runs it
-- hands it over, when it has so many more that both are better off.
alter table stream.pipeline add column wanted_by text;
alter table stream.pipeline add column wanted_until timestamptz;
