/* Updates into the next OTA partition under ESP-IDF, from a package that comes in pieces (integrations/esp-idf/README.md).
 *
 * One update at a time. Errors are those of ESP-IDF, or SMIDGEN_ESP_ERROR plus a number of smidgen.h. */

#ifndef SMIDGEN_ESP_H
#define SMIDGEN_ESP_H

#include <stddef.h>

#include "esp_err.h"
#include "smidgen.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SMIDGEN_ESP_ERROR 0x53000

/* Begins an update, or begins it again after a reset or an error. Of `policy`, which may be null, it takes product, module,
 * version, rollback counter, `verify` and `context`; it need not stay. ESP_ERR_NOT_FOUND: there is no partition for the
 * image or for the journal. ESP_ERR_NO_MEM: the heap is too small. */
esp_err_t smidgen_esp_begin(const smidgen_device *policy);

/* Takes the next piece of the package. ESP_ERR_INVALID_STATE without smidgen_esp_begin. */
esp_err_t smidgen_esp_write(const void *piece, size_t length);

/* The package is complete: checks the image as flash has it, and makes it the one to boot. */
esp_err_t smidgen_esp_end(void);

/* Gives the memory back, of an update that is not to be ended. What is in flash stays for the next attempt. */
void smidgen_esp_abort(void);

/* Called between two steps. The component's own waits for a tick. */
void smidgen_esp_pause(void);

#ifdef __cplusplus
}
#endif

#endif
