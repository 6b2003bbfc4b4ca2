// What the sketch needs of a board. Write it for yours: the functions of its flash driver, and where things are.
#pragma once

#include <stdint.h>

const uint32_t PAGE_SIZE = 4096;  // erased at once
const uint32_t UNIT_SIZE = 8;     // written at once
const uint32_t SLOT_SIZE = 65536;

// Where slots and journal begin: the contexts of the functions.
extern uint32_t runningSlot, otherSlot, journal;

// Each returns 0 if it went well; offsets count from where the context says.
int boardRead(void *context, uint32_t offset, uint8_t *bytes, uint32_t length);
int boardErase(void *context, uint32_t offset);
int boardWrite(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length);

// Whether the sender has said that there is no more.
bool packageIsComplete();

// Tells the boot loader, and starts again.
void startOtherSlot();
