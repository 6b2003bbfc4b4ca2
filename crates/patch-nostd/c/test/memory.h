/* The four functions that compilers call by themselves, for programs on bare metal; a C library has better ones. */

#ifndef MEMORY_H
#define MEMORY_H

void *memcpy(void *to, const void *from, __SIZE_TYPE__ count)
{
    char *t = to;
    const char *f = from;
    while (count-- > 0) {
        *t++ = *f++;
    }
    return to;
}

void *memmove(void *to, const void *from, __SIZE_TYPE__ count)
{
    char *t = to;
    const char *f = from;
    if (t < f) {
        return memcpy(to, from, count);
    }
    while (count-- > 0) {
        t[count] = f[count];
    }
    return to;
}

void *memset(void *to, int byte, __SIZE_TYPE__ count)
{
    char *t = to;
    while (count-- > 0) {
        *t++ = (char)byte;
    }
    return to;
}

int memcmp(const void *one, const void *other, __SIZE_TYPE__ count)
{
    const unsigned char *a = one, *b = other;
    for (; count > 0; count--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

#endif
