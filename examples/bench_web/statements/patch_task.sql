select u.role,
                   array_remove(array_agg(m.team_id), null) as "teams!",
                   array_remove(array_agg(m.role), null) as "roles!"
            from app.user u
            join app.session s on s.user_id = u.id and s.id = $2 and s.ended_at is null and s.expires_at > $3
            left join app.membership m on m.user_id = u.id
            where u.id = $1 and u.active
            group by u.id;
BEGIN;
select id from app.task where id = $1 and ($2::uuid[] is null or team_id = any($2)) for update;
select t.id, p.key, t.number, t.project_id, t.team_id, t.title, t.description, t.status, t.priority, t.due_at,
               t.estimated_hours, t.actual_hours, t.parent_id, t.metadata as "metadata: Json<Metadata>", t.recurrence,
               t.archived, t.trashed_at, t.rank, t.created_by, t.created_at, t.updated_at, t.completed_at, t.version,
               t.comments_count,
               (select count(*) from app.task_watcher w where w.task_id = t.id and w.watches) as "watchers_count!",
               (select coalesce(json_agg(json_build_object('user_id', a.user_id, 'username', u.username,
                                                           'role', a.role, 'assigned_by', a.assigned_by,
                                                           'assigned_at', a.assigned_at)), '[]')
                from app.task_assignee a join app.user u on u.id = a.user_id
                where a.task_id = t.id) as "assignees!: Json<Vec<Assignee>>",
               (select coalesce(json_agg(json_build_object('id', g.id, 'name', g.name)), '[]')
                from app.task_tag tt join app.tag g on g.id = tt.tag_id
                where tt.task_id = t.id) as "tags!: Json<Vec<Tag>>"
        from app.task t
        join app.project p on p.id = t.project_id
        where t.id = $1;
update app.task
         set project_id = $2, team_id = $3, number = $4, title = $5, description = $6, status = $7, priority = $8,
             due_at = $9, estimated_hours = $10, actual_hours = $11, parent_id = $12, metadata = $13,
             recurrence = $14, archived = $15, trashed_at = $16, rank = $17, updated_at = $18, completed_at = $19,
             version = $20
         where id = $1;
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
