// Takes a package from the serial port and restores the new image into the other slot. Board.h is what a board must have.

#include <Smidgen.h>

#include "Board.h"

static const uint32_t RAM = 16384;  // of packages that are made with --ram 16K

static uint64_t memory[(SMIDGEN_MEMORY(RAM) + 7) / 8];
static uint8_t page[PAGE_SIZE];
static smidgen_ab ab;
static SmidgenUpdate update(ab, memory, sizeof memory);

// What is not about this board is in smidgen.h.
static smidgen_flash area(uint32_t &start, uint32_t size) {
  smidgen_flash flash = {};
  flash.context = &start;
  flash.size = size;
  flash.page_size = PAGE_SIZE;
  flash.write_size = UNIT_SIZE;
  flash.read = boardRead;
  flash.erase = boardErase;
  flash.write = boardWrite;
  flash.erased = 0xFF;
  return flash;
}

void setup() {
  Serial.begin(115200);
  // ab.device.product = "pump": packages of other products are refused
  ab.device.base = &runningSlot;
  ab.device.base_size = SMIDGEN_ANY_SIZE;  // the digest decides where the image ends
  ab.device.read_base = boardRead;
  ab.slot = area(otherSlot, SLOT_SIZE);
  ab.journal_area = area(journal, 2 * PAGE_SIZE);
  ab.buffer = page;
  ab.buffer_size = sizeof page;
  update.begin();
}

void loop() {
  if (Serial.available() > 0) {
    update.write(static_cast<uint8_t>(Serial.read()));
  } else if (packageIsComplete()) {
    if (update.end() == 0) {
      startOtherSlot();
    } else {
      Serial.println(update.error());
    }
  }
}
