# SPDX-License-Identifier: Apache-2.0
# What the scripts of this folder share. Sourced, not run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '==> %s\n' "$*" >&2; }
# usage SCRIPT: prints the comment at its beginning, and ends.
usage() { sed -n '3,/^set /s/^# \{0,1\}//p' "$1" >&2; exit 2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# install_packages FILE...: installs what is missing of the packages that the files list.
install_packages() {
    local missing as=
    missing=$(sed '/^#/d;/^$/d' "$@" | while read -r package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done)
    [ -n "$missing" ] || return 0
    say "installing" $missing
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "these packages are missing, and only root can install them:" $missing
        as=sudo
    fi
    $as apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    $as env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
}

# build FOLDER PRESET [TARGET]: configures and builds, with progress; the whole output is in FOLDER.log.
build() {
    local log=$1.log
    say "building $(basename "$1") (its output: $log)"
    {
        (cd "$top" && cmake --preset "$2" -B "$1") && cmake --build "$1" --target "${3-all}"
    } 2>&1 | tee "$log" | progress || { tail -n 30 "$log" >&2; fail "the build failed"; }
}

# progress: of what comes in, shows the last line over and over on a terminal, and every 100th elsewhere.
progress() {
    if [ -t 2 ]; then
        awk '{ printf "\r\033[K%.79s", $0 > "/dev/stderr" } END { printf "\r\033[K" > "/dev/stderr" }'
    else
        awk 'NR % 100 == 0 { print > "/dev/stderr" }'
    fi
}

# stop_process PID: asks a process to end and waits until it has.
stop_process() {
    kill -TERM "$1" 2>/dev/null || return 0
    tail --pid="$1" -s 0.05 -f /dev/null
}

# --- a software TPM -----------------------------------------------------------------------------------------------

# tpm_start FOLDER: starts a software TPM with its state and its socket (tpm.sock) in FOLDER; it listens on return.
tpm_start() {
    mkdir -p "$1/state"
    swtpm socket --tpm2 --tpmstate dir="$1/state" --server type=unixio,path="$1/tpm.sock",mode=0666 \
        --ctrl type=unixio,path="$1/tpm.sock.ctrl" --flags not-need-init,startup-clear \
        --pid file="$1/tpm.pid" --daemon >>"$1/tpm.log" 2>&1 || fail "the software TPM did not start: see $1/tpm.log"
}

# tpm_stop FOLDER
tpm_stop() {
    [ -f "$1/tpm.pid" ] || return 0
    stop_process "$(cat "$1/tpm.pid")"
    rm -f "$1/tpm.pid"
}

# --- a custodian --------------------------------------------------------------------------------------------------

# custodian_configure FOLDER NAME KEYRING...: writes FOLDER/custodian.conf for a custodian on the TPM of FOLDER; the
# calling user may do everything with the keyrings.
custodian_configure() {
    local folder=$1 name=$2 users= keyrings
    shift 2
    keyrings=$(printf '"%s", ' "$@")
    # Started as root, each process gets a user of its own; the numbers need no entry in /etc/passwd.
    [ "$(id -u)" != 0 ] || users='users = { desk = 64801; vault = 64802; root = 64803; };'
    cat >"$folder/custodian.conf" <<CONF
# $name: written by swtpm-ci, for a software TPM
socket = "$folder/socket";
store = "$folder/store";
$users
root = { tcti = "swtpm:path=$folder/tpm.sock"; srk_name_file = "$folder/srk.name"; };
keyrings = [ ${keyrings%, } ];
policy = ( { name = "owner"; users = [ "$(id -u)" ]; keyrings = [ "*" ]; keys = [ "*" ]; roles = [ "*" ];
             operations = [ "*" ]; } );
CONF
    chmod 644 "$folder/custodian.conf"
}

# custodian_start FOLDER BUILD: starts the custodian of FOLDER; it answers when this returns.
custodian_start() {
    local folder=$1 binaries=$2 ready=
    [ -f "$folder/srk.name" ] || "$binaries/custodiand" --config "$folder/custodian.conf" --provision \
        >>"$folder/custodiand.log" 2>&1 || fail "provisioning failed: see $folder/custodiand.log"
    rm -f "$folder/ready"
    mkfifo "$folder/ready"
    setsid "$binaries/custodiand" --config "$folder/custodian.conf" --ready-fd 9 \
        9>"$folder/ready" >>"$folder/custodiand.log" 2>&1 </dev/null &
    echo $! >"$folder/custodiand.pid"
    IFS= read -r -N 1 ready <"$folder/ready" || true # an end without an octet: it did not start
    rm -f "$folder/ready"
    [ -n "$ready" ] || fail "the custodian did not start: see $folder/custodiand.log"
}

# custodian_stop FOLDER
custodian_stop() {
    [ -f "$1/custodiand.pid" ] || return 0
    stop_process "$(cat "$1/custodiand.pid")"
    rm -f "$1/custodiand.pid"
}
