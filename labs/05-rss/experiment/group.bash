# Memory control groups for a script: sourced, for one runs only a command in a group who enters it.
# Works as root, or below a group that is delegated to you, with version 2 and with version 1.

group_folder='' # of the group that make_group made last; empty: none
group_version=''

own_place() { # CONTROLLER: our path in its hierarchy; "" is version 2
    sed -n "s/^[0-9]*:$1://p" /proc/self/cgroup | head -n 1
}

# Makes a group below our own, with a limit. Returns 1 where that is not allowed.
make_group() { # KIB
    local top place
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        top=/sys/fs/cgroup group_version=2 place=$(own_place '')
    else
        top=/sys/fs/cgroup/memory group_version=1 place=$(own_place memory)
    fi
    [ -d "$top$place" ] || place='' # in a container the mount's top is ours
    group_folder=$top${place%/}/groundwork-experiment-$$
    if ! mkdir "$group_folder" 2>/dev/null; then
        group_folder=''
        return 1
    fi
    if ! limit_group $(($1 * 1024)) 2>/dev/null; then
        remove_group
        return 1
    fi
}

limit_group() { # BYTES; swap is left out, for what is swapped out would be beyond the limit
    if [ "$group_version" = 2 ]; then
        echo "$1" >"$group_folder/memory.max" || return
        [ ! -e "$group_folder/memory.swap.max" ] || echo 0 >"$group_folder/memory.swap.max"
    else
        echo "$1" >"$group_folder/memory.limit_in_bytes"
    fi
}

in_group() { # COMMAND...
    (
        echo "$BASHPID" >"$group_folder/cgroup.procs"
        exec "$@"
    )
}

remove_group() {
    [ -z "$group_folder" ] || rmdir "$group_folder"
    group_folder=''
}
