# The keeper of one private server. It starts the server when it is told to, and stops it and
# removes its folder when the other end of its standard input is closed: which happens when `cargo
# xtask` is done with it, fails, panics, or is killed, by whatever signal. The keeper is in a
# process group of its own, so Ctrl-C does not reach it.
#
# Arguments: the folder (holds the server's data and `log`), the signal that stops the server, then
# the server's command.
folder=$1
signal=$2
shift 2

# `kill 0` below signals this shell too.
trap : TERM

# Whether anybody but us still runs in our group, which has our number. Where there is no /proc, nobody.
crowded() {
    for process in /proc/[0-9]*/stat; do
        { read -r id _name state _parent group _rest <"$process"; } 2>/dev/null || continue
        if [ "$group" = "$$" ] && [ "$id" != "$$" ] && [ "$state" != Z ]; then
            return 0
        fi
    done
    return 1
}

if read -r _go; then
    "$@" </dev/null >>"$folder/log" 2>&1 &
    server=$!
    # Until the end of input.
    cat >/dev/null
    # The server is our child and not waited for yet, so its id can belong to no other process.
    kill -s "$signal" "$server" 2>/dev/null
    (
        sleep 30
        kill -s KILL "$server"
    ) &
    wait "$server"
    # The sleep that was not needed, and whatever else the server left in our group: more than once, because a shell that
    # has just begun still has our trap; and until it is gone, because a browser writes its profile while it ends.
    looks=0
    kill -s TERM 0
    while crowded && [ "$looks" -lt 50 ]; do
        looks=$((looks + 1))
        sleep 0.1
        kill -s TERM 0
    done
fi
rm -rf -- "$folder"
