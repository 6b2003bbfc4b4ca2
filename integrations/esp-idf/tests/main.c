/* Updates a board with two OTA partitions through ESP-IDF's interfaces, with power lost everywhere. */

#include "../../c-glue/simulated_flash.h"
#include "esp_ota_ops.h"
#include "freertos/task.h"
#include "smidgen_esp.h"

/* Smaller than real ones, so that a small image has several. */
enum { PAGE = 512 };

static const esp_partition_t partitions[3] = {
    {.type = ESP_PARTITION_TYPE_APP, .size = 64 << 10, .erase_size = PAGE, .label = "ota_0"},
    {.type = ESP_PARTITION_TYPE_APP, .size = 64 << 10, .erase_size = PAGE, .label = "ota_1", .encrypted = true},
    {.type = ESP_PARTITION_TYPE_DATA, .size = 2 * PAGE, .erase_size = PAGE, .label = "smidgen"},
};
static struct simulated_part parts[3];
static struct file old_image, new_image, package;
static const uint8_t *delivered;
static struct {
    const esp_partition_t *boot;
    int pauses;
} *chosen;

static const struct simulated_part *part_of(const esp_partition_t *partition)
{
    return &parts[partition - partitions];
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype, const char *label)
{
    int i;
    for (i = 0; i < 3; i++) {
        if (partitions[i].type == type && subtype == ESP_PARTITION_SUBTYPE_ANY && strcmp(partitions[i].label, label) == 0) {
            return &partitions[i];
        }
    }
    return NULL;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t src_offset, void *dst, size_t size)
{
    return simulated_read(part_of(partition), (uint32_t)src_offset, dst, (uint32_t)size) != 0 ? ESP_ERR_INVALID_SIZE : ESP_OK;
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t dst_offset, const void *src, size_t size)
{
    return simulated_write(part_of(partition), (uint32_t)dst_offset, src, (uint32_t)size) != 0 ? ESP_ERR_INVALID_SIZE : ESP_OK;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size)
{
    return simulated_erase(part_of(partition), (uint32_t)offset, (uint32_t)size) != 0 ? ESP_ERR_INVALID_ARG : ESP_OK;
}

const esp_partition_t *esp_ota_get_running_partition(void)
{
    return &partitions[0];
}

const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from)
{
    return start_from == NULL ? &partitions[1] : NULL;
}

/* Only a valid image may be started. */
esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition)
{
    if (memcmp(part_of(partition)->bytes, new_image.bytes, new_image.size) != 0) {
        return ESP_ERR_OTA_VALIDATE_FAILED;
    }
    chosen->boot = partition;
    return ESP_OK;
}

void vTaskDelay(TickType_t ticks)
{
    MUST(ticks == 1);
    chosen->pauses++;
}

static void prepare(void)
{
    simulated_load(&parts[0], old_image.bytes, old_image.size);
    simulated_load(&parts[1], package.bytes, package.size);
    simulated_load(&parts[2], NULL, 0);
    memset(chosen, 0, sizeof *chosen);
}

/* What an application does; the number of smidgen.h, or 255. */
static int deliver(void)
{
    const smidgen_device policy = {.rollback_counter = 0};
    uint32_t at, count;
    esp_err_t error;
    MUST(smidgen_esp_end() == ESP_ERR_INVALID_STATE && smidgen_esp_write("", 0) == ESP_ERR_INVALID_STATE);
    error = smidgen_esp_begin(&policy);
    for (at = 0; error == ESP_OK && at < package.size; at += count) {
        count = package.size - at < 90 ? package.size - at : 90;
        error = smidgen_esp_write(delivered + at, count);
    }
    if (error == ESP_OK) {
        error = smidgen_esp_end();
    }
    smidgen_esp_abort();
    return error > SMIDGEN_ESP_ERROR ? error - SMIDGEN_ESP_ERROR : error == ESP_OK ? 0 : 255;
}

static void check(void)
{
    MUST(memcmp(parts[1].bytes, new_image.bytes, new_image.size) == 0);
    MUST(memcmp(parts[0].bytes, old_image.bytes, old_image.size) == 0);
    MUST(chosen->boot == &partitions[1] && chosen->pauses > 1);
}

int main(int count, char **arguments)
{
    int i;
    MUST(count == 2);
    old_image = fixture(arguments[1], "packages/xtensa-base.bin");
    new_image = fixture(arguments[1], "packages/xtensa-target.bin");
    package = fixture(arguments[1], "packages/xtensa.smdg");
    for (i = 0; i < 3; i++) {
        simulated_new(&parts[i], partitions[i].size, PAGE, partitions[i].encrypted ? 16 : 4);
    }
    chosen = stays(sizeof *chosen);
    delivered = package.bytes;
    survive_power(prepare, deliver, check);

    /* The wrong base, then a package of code for another processor: nothing is chosen. */
    prepare();
    parts[0].bytes[100] ^= 1;
    MUST(start(deliver) == SMIDGEN_ERROR_BASE_DIGEST && chosen->boot == NULL);
    package = fixture(arguments[1], "packages/firmware-v1-v2.smdg");
    delivered = package.bytes;
    prepare();
    MUST(start(deliver) == SMIDGEN_ERROR_UNSUPPORTED_PAGE_KIND && chosen->boot == NULL);
    return 0;
}
