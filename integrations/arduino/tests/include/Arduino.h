/* What the library and its sketch use of Arduino's interface, as documented: for tests without a core. */
#pragma once

#include <stddef.h>
#include <stdint.h>

class Print {
public:
    virtual ~Print() {}
    virtual size_t write(uint8_t byte) = 0;
    virtual size_t write(const uint8_t *buffer, size_t size) = 0;
    size_t write(const char *text);
    size_t println(int number);
};

class SerialPort : public Print {
public:
    void begin(unsigned long baud);
    int available();
    int read();
    size_t write(uint8_t byte) override;
    size_t write(const uint8_t *buffer, size_t size) override;
};

extern SerialPort Serial;
void yield();
