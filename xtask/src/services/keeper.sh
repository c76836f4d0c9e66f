# The keeper of one private server. It starts the server when it is told to, and stops it and removes its folder when the
# other end of its standard input is closed: which happens when `cargo xtask` is done with it, fails, panics, or is killed,
# by whatever signal. The keeper is in a process group of its own, so Ctrl-C does not reach it.
#
# Arguments: the folder (holds the server's data and `log`), then the server's command.
folder=$1
shift

# `kill 0` below signals this shell too.
trap : TERM

if read -r _go; then
    "$@" </dev/null >>"$folder/log" 2>&1 &
    server=$!
    # Until the end of input.
    cat >/dev/null
    # Postgres: a fast shutdown. The server is our child and not waited for yet, so this can be no other process.
    kill -s INT "$server" 2>/dev/null
    wait "$server"
    # Whatever else it left in our group.
    kill -s TERM 0
fi
rm -rf -- "$folder"
