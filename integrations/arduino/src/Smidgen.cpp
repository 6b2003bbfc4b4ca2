/* Updates into another slot for Arduino: steps of smidgen_ab, with a pause between them. */

#include "Smidgen.h"

int SmidgenUpdate::begin()
{
    error_ = smidgen_ab_begin(&update_, memory_, size_);
    return error_;
}

size_t SmidgenUpdate::write(const uint8_t *piece, size_t length)
{
    size_t at = 0;
    while (error_ == SMIDGEN_OK && (at < length || !smidgen_wants_input(update_.restore))) {
        uint32_t taken;
        error_ = smidgen_ab_step(&update_, piece + at, static_cast<uint32_t>(length - at), STEP, &taken);
        at += taken;
        yield();
    }
    return error_ == SMIDGEN_OK ? at : 0;
}

int SmidgenUpdate::end()
{
    if (error_ == SMIDGEN_OK) {
        error_ = smidgen_ab_end(&update_);
    }
    while (error_ == SMIDGEN_OK && !smidgen_ab_is_ready(&update_)) {
        error_ = smidgen_ab_check(&update_, STEP);
        yield();
    }
    return error_;
}
