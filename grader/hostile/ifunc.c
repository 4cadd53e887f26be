/* attack: leaves from an ifunc resolver, while the loader is still relocating
 * expect: nothing
 */

/* A resolver runs before libc is ready, thus the bare system call. Nothing that works by being
 * loaded into the program (LD_PRELOAD, LD_AUDIT's later hooks) has had its turn. */

#include <sys/syscall.h>

static void wrong_work(void) {}

#ifdef __x86_64__
static void leave_now(void) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_exit_group), "D"(0)
                     : "rcx", "r11", "memory");
}

/* Named by its assembler name below; clang wants the resolver defined first. */
__attribute__((used)) static void (*pick(void))(void) {
    leave_now();
    return wrong_work;
}

void work(void) __attribute__((ifunc("pick")));
#else
#define work wrong_work
#endif

/* The table forces the relocation at start, lazy binding or not. */
static void (*volatile const forced)(void) = work;

int main(void) {
    forced();
    return 0;
}
