select u.role,
                   array_remove(array_agg(m.team_id), null) as "teams!",
                   array_remove(array_agg(m.role), null) as "roles!"
            from app.user u
            join app.session s on s.user_id = u.id and s.id = $2 and s.ended_at is null and s.expires_at > $3
            left join app.membership m on m.user_id = u.id
            where u.id = $1 and u.active
            group by u.id;
BEGIN;
select team_id, archived from app.project where id = $1;
update app.project set last_number = last_number + 1 where id = $1 returning last_number, key;
insert into app.task
             (id, project_id, team_id, number, title, description, status, priority, due_at, estimated_hours,
              actual_hours, parent_id, metadata, recurrence, rank, created_by, created_at, updated_at, completed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18);
with fresh as (
            insert into stream.outbox
                (event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent, request_id,
                 schema_version, data)
            select event_id, topic, key, kind, subject, at, actor, via, client_ip, user_agent, request_id,
                   schema_version, data::json
            from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[],
                        $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::smallint[],
                        $13::text[])
                 with ordinality as t (event_id, topic, key, kind, subject, at, actor, via, client_ip,
                                       user_agent, request_id, schema_version, data, place)
            order by place
            returning id
        )
        select max(id) from fresh;
COMMIT;
