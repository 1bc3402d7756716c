# Sourced by scripts that start programs: each is ended by its own process id.
# Needs build.sh. The caller sets `scratch`, an existing directory.
# shellcheck shell=bash disable=SC2154

started=()  # process ids, in the order of their start

# launch NAME COMMAND...: in the background, in a session of its own so that Ctrl-C at the terminal
# reaches only the script; output in $scratch/NAME.log; its process id in $launched.
launch() {
  local name=$1
  shift
  (
    trap - EXIT INT TERM  # ours: not for a child that is ended before it has begun
    exec setsid "$@" >"$scratch/$name.log" 2>&1 </dev/null
  ) &
  launched=$!
  started+=("$launched")
}

# Ends what launch started, the last one first.
end_started() {
  local i pid
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    pid=${started[i]}
    kill -TERM "$pid" 2>/dev/null || continue
    for _ in $(seq 80); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  started=()
}

port_is_open() { true 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1"; }

# await WHAT PID NAME COMMAND...: until COMMAND succeeds; dies with the log when the process has.
await() {
  local what=$1 pid=$2 name=$3
  shift 3
  for _ in $(seq 300); do
    if "$@"; then return; fi
    if ! kill -0 "$pid" 2>/dev/null; then
      tail -n 20 "$scratch/$name.log" >&2
      die "$name ended before $what"
    fi
    sleep 0.1
  done
  tail -n 20 "$scratch/$name.log" >&2
  die "not within 30 s: $what"
}

# start_broker: a private mosquitto on a free loopback port, which it leaves in $broker_port.
start_broker() {
  local mosquitto
  mosquitto=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mosquitto) ||
    die "no mosquitto here: run scripts/install-packages"
  for _ in $(seq 20); do
    broker_port=$((20000 + RANDOM % 12000))
    if port_is_open "$broker_port"; then continue; fi
    cat >"$scratch/mosquitto.conf" <<CONF
listener $broker_port 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_inflight_messages 0
persistence false
log_type error
log_type warning
CONF
    # As root mosquitto would change to its own user, who cannot read this directory.
    if [ "$(id -u)" -eq 0 ]; then echo "user root" >>"$scratch/mosquitto.conf"; fi
    launch mosquitto "$mosquitto" -c "$scratch/mosquitto.conf"
    for _ in $(seq 50); do
      if port_is_open "$broker_port"; then return; fi
      kill -0 "$launched" 2>/dev/null || break  # somebody else took the port: try the next
      sleep 0.1
    done
  done
  die "could not start mosquitto: $(tail -n 3 "$scratch/mosquitto.log")"
}

# start_server [ARGUMENT...]: towline-server on a free port; its address in $TOWLINE_SERVER.
start_server() {
  launch server "$bin/towline-server" --plain --data "$scratch/data" --listen 127.0.0.1:0 \
    --broker "127.0.0.1:$broker_port" "$@"
  await "it was ready" "$launched" server grep -q '^ready grpc=' "$scratch/server.log"
  TOWLINE_SERVER=$(sed -n 's/^ready grpc=//p' "$scratch/server.log" | head -n 1)
  export TOWLINE_SERVER
}
