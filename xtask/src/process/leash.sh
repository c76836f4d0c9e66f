# The leash on a process group. It learns the group from the first line of its standard input and
# waits for the second, which says that the group's leader has ended. When the input is closed
# before that, `cargo xtask` has died or given up: then the group is ended.
read -r group || exit 0
read -r _ended && exit 0

kill -s TERM -- "-$group" 2>/dev/null || exit 0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    for _ in 1 2 3 4 5; do
        kill -s 0 -- "-$group" 2>/dev/null || exit 0
        sleep 0.2
    done
done
kill -s KILL -- "-$group"
