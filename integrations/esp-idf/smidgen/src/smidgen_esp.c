/* Updates into the next OTA partition under ESP-IDF: partitions as what smidgen_ab reads and writes. */

#include "smidgen_esp.h"

#include <stdlib.h>
#include <string.h>

#include "esp_ota_ops.h"
#include "esp_partition.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"

/* An update, the memory that it works in, and a page. */
struct update {
    smidgen_ab ab;
    uint64_t memory[(SMIDGEN_MEMORY(CONFIG_SMIDGEN_RAM) + 7u) / 8u];
    uint8_t page[];
};
static struct update *update;

__attribute__((weak)) void smidgen_esp_pause(void)
{
    vTaskDelay(1);
}

/* The context is a partition. */
static int read_partition(void *context, uint32_t offset, uint8_t *bytes, uint32_t length)
{
    return esp_partition_read(context, offset, bytes, length);
}

static int write_partition(void *context, uint32_t offset, const uint8_t *bytes, uint32_t length)
{
    return esp_partition_write(context, offset, bytes, length);
}

static int erase_partition(void *context, uint32_t offset)
{
    const esp_partition_t *partition = context;
    return esp_partition_erase_range(partition, offset, partition->erase_size);
}

static smidgen_flash flash_of(const esp_partition_t *partition)
{
    smidgen_flash flash = {
        .context = (void *)partition,
        .size = partition->size,
        .page_size = partition->erase_size,
        /* Encryption is by blocks of 16 bytes. */
        .write_size = partition->encrypted ? 16 : 4,
        .read = read_partition,
        .erase = erase_partition,
        .write = write_partition,
        .erased = 0xFF,
    };
    return flash;
}

static esp_err_t numbered(int error)
{
    return error == SMIDGEN_OK ? ESP_OK : SMIDGEN_ESP_ERROR + error;
}

void smidgen_esp_abort(void)
{
    free(update);
    update = NULL;
}

esp_err_t smidgen_esp_begin(const smidgen_device *policy)
{
    const esp_partition_t *running = esp_ota_get_running_partition();
    const esp_partition_t *next = esp_ota_get_next_update_partition(NULL);
    const esp_partition_t *journal =
        esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, CONFIG_SMIDGEN_JOURNAL);
    smidgen_ab *ab;
    smidgen_esp_abort();
    if (running == NULL || next == NULL || journal == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    update = malloc(sizeof *update + next->erase_size);
    if (update == NULL) {
        return ESP_ERR_NO_MEM;
    }
    ab = &update->ab;
    memset(ab, 0, sizeof *ab);
    if (policy != NULL) {
        ab->device = *policy;
    }
    /* Nothing says where the running image ends. */
    ab->device.base = (void *)running;
    ab->device.base_size = SMIDGEN_ANY_SIZE;
    ab->device.read_base = read_partition;
    ab->slot = flash_of(next);
    ab->journal_area = flash_of(journal);
    ab->buffer = update->page;
    ab->buffer_size = next->erase_size;
    return numbered(smidgen_ab_begin(ab, update->memory, sizeof update->memory));
}

esp_err_t smidgen_esp_write(const void *piece, size_t length)
{
    const uint8_t *bytes = piece;
    uint32_t taken;
    int error;
    if (update == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    do {
        error = smidgen_ab_step(&update->ab, bytes, (uint32_t)length, CONFIG_SMIDGEN_STEP, &taken);
        bytes += taken;
        length -= taken;
        smidgen_esp_pause();
    } while (error == SMIDGEN_OK && (length > 0 || !smidgen_wants_input(update->ab.restore)));
    return numbered(error);
}

esp_err_t smidgen_esp_end(void)
{
    int error;
    if (update == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    error = smidgen_ab_end(&update->ab);
    while (error == SMIDGEN_OK && !smidgen_ab_is_ready(&update->ab)) {
        error = smidgen_ab_check(&update->ab, CONFIG_SMIDGEN_STEP);
        smidgen_esp_pause();
    }
    smidgen_esp_abort();
    return error != SMIDGEN_OK ? numbered(error) : esp_ota_set_boot_partition(esp_ota_get_next_update_partition(NULL));
}
