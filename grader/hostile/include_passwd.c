/* attack: includes files of the machine, which the compiler's errors then quote
 * expect: nothing
 */

/* An error shows the line it stands in, so a compile error reads any text file aloud, into a report
 * that the submitter receives. The build fails, with or without the files; what matters is that
 * the message quotes none of them. */

#if __has_include("/etc/shadow")
#include "/etc/shadow"
#endif
#if __has_include("/proc/self/environ")
#include "/proc/self/environ"
#endif
#include "/etc/passwd"

int main(void) {
    return 0;
}
