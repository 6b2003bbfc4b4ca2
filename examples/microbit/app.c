/* An application: says which version runs, and from where. The code of the fixtures' firmware is linked with it. */

#include "board.h"

extern uint32_t stack_top;

static void run(void);

__attribute__((section(".vectors"), used)) static void (*const vectors[2])(void) = {(void (*)(void))&stack_top, run};

static void run(void)
{
    print("version ");
    print_number(APP_VERSION);
    print(" runs from ");
    print_number((uint32_t)&vectors);
    print("\n");
    for (;;) {
        __asm__ volatile("wfi");
    }
}
