select u.role,
                   array_remove(array_agg(m.team_id), null) as "teams!",
                   array_remove(array_agg(m.role), null) as "roles!"
            from app.user u
            join app.session s on s.user_id = u.id and s.id = $2 and s.ended_at is null and s.expires_at > $3
            left join app.membership m on m.user_id = u.id
            where u.id = $1 and u.active
            group by u.id;
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
