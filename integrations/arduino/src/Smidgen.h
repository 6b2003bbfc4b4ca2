/* Updates into another slot for Arduino: an update is something to print a package to (integrations/arduino/README.md). */

#ifndef SMIDGEN_ARDUINO_H
#define SMIDGEN_ARDUINO_H

#include <Arduino.h>

#include "smidgen.h"

class SmidgenUpdate : public Print {
public:
    /* `update` has its device, slot, journal and buffer set, `memory` has SMIDGEN_MEMORY(ram) bytes; both stay. */
    SmidgenUpdate(smidgen_ab &update, void *memory, uint32_t size) : update_(update), memory_(memory), size_(size) {}

    /* Begins, or begins again after a reset or an error. Returns 0 or a number of smidgen.h, as all of these. */
    int begin();

    /* Takes the next piece of the package; returns how many bytes it took, fewer after an error. */
    size_t write(const uint8_t *piece, size_t length) override;
    size_t write(uint8_t byte) override { return write(&byte, 1); }
    using Print::write;

    /* The package is complete: checks the image as flash has it. Only after 0 it may be started. */
    int end();

    /* The first error, or 0. */
    int error() const { return error_; }

    /* How much of the image is written, in percent. */
    uint32_t progress() const { return smidgen_progress(update_.restore); }

private:
    /* Bytes of work between two calls of yield(), which feeds the watchdog of many boards. */
    static const uint32_t STEP = 4096;

    smidgen_ab &update_;
    void *memory_;
    uint32_t size_;
    int error_ = SMIDGEN_ERROR_FINISHED;
};

#endif
