/* What `launch` tells whoever started it: one message before the program's exec, one after its end.
 *
 * The messages travel over a SOCK_SEQPACKET socket pair whose reading end asks for credentials
 * (unix(7), SO_PASSCRED): the kernel then states the sender's PID as the reader sees it, whatever
 * PID namespaces lie between. */
#pragma once

#include <stdint.h>

enum launch_message_kind { LAUNCH_STARTS = 1, LAUNCH_ENDED = 2 };

struct launch_message {
    int32_t kind;
    int32_t wait_status; /* wait(2) */
    int64_t max_rss_kib; /* largest peak of the program and of all its descendants (getrusage(2)) */
    int64_t voluntary;   /* context switches */
    int64_t involuntary;
    int64_t user_us;
    int64_t system_us;
    int32_t left_behind; /* whether it left children running */
    int32_t padding;
};
