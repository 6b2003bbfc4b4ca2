/* Runs the example's sketch on a simulated board, with power lost everywhere. */

#include <Arduino.h>

#include "../../c-glue/simulated_flash.h"
#include "Board.h"

/* The sketch's. */
void setup();
void loop();

uint32_t runningSlot = 0, otherSlot = SLOT_SIZE, journal = 2 * SLOT_SIZE;
SerialPort Serial;

static simulated_part chip;
static file old_image, new_image, package;
static uint32_t received;
static int told;
static struct {
    int starts;
    int yields;
} *board;

static uint32_t place(void *context, uint32_t offset)
{
    return *static_cast<uint32_t *>(context) + offset;
}

int boardRead(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    return offset > SLOT_SIZE || length > SLOT_SIZE - offset ? 1 : simulated_read(&chip, place(context, offset), bytes, length);
}

int boardErase(void *context, uint32_t offset)
{
    return simulated_erase(&chip, place(context, offset), PAGE_SIZE);
}

int boardWrite(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    return simulated_write(&chip, place(context, offset), bytes, length);
}

bool packageIsComplete()
{
    return received == package.size;
}

void startOtherSlot()
{
    board->starts++;
    _exit(0);
}

void SerialPort::begin(unsigned long baud)
{
    MUST(baud == 115200);
}

int SerialPort::available()
{
    return static_cast<int>(package.size - received);
}

int SerialPort::read()
{
    return package.bytes[received++];
}

size_t SerialPort::write(uint8_t)
{
    return 1;
}

size_t SerialPort::write(const uint8_t *, size_t size)
{
    return size;
}

size_t Print::println(int number)
{
    told = number;
    return 0;
}

void yield()
{
    board->yields++;
}

static void prepare()
{
    simulated_load(&chip, old_image.bytes, old_image.size);
    memset(board, 0, sizeof *board);
}

/* A board never returns from its loop; this one does when the sketch says what was wrong. */
static int run()
{
    setup();
    while (told == 0) {
        loop();
    }
    return told;
}

static void check()
{
    MUST(memcmp(chip.bytes + otherSlot, new_image.bytes, new_image.size) == 0);
    MUST(memcmp(chip.bytes, old_image.bytes, old_image.size) == 0);
    MUST(board->starts == 1 && board->yields > 100);
}

int main(int count, char **arguments)
{
    MUST(count == 2);
    old_image = fixture(arguments[1], "firmware/app-v1.bin");
    new_image = fixture(arguments[1], "firmware/app-v2.bin");
    package = fixture(arguments[1], "packages/firmware-v1-v2.smdg");
    simulated_new(&chip, 2 * SLOT_SIZE + 2 * PAGE_SIZE, PAGE_SIZE, UNIT_SIZE);
    board = static_cast<decltype(board)>(stays(sizeof *board));
    survive_power(prepare, run, check);

    /* Another image runs; then the package's end is missing. */
    prepare();
    chip.bytes[100] ^= 1;
    MUST(start(run) == 12 && board->starts == 0);
    package.size -= 20;
    prepare();
    MUST(start(run) == 16 && board->starts == 0);
    return 0;
}
