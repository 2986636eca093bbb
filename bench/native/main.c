// The kernel as native code: runs the same work file as tick-process.ts through the module that wasm2c turned into C, and
// prints the same line. Built by lib/native.ts:
//
//   wasm2c kernel.wasm -o kernel.c && gcc -O3 -ffp-contract=off main.c kernel.c wasm-rt-impl.c -o tick-native
//   ./tick-native 1200 5000.work
//   {"hash":"9c61...","zones":1,"entities":5000,"ticks":1200,"tick_us_p50":498.1,"tick_us_p99":640.0}
//
// With -DMETERED the module's fuel global is filled before every tick, with all the fuel at once.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel.h"

enum { COMMAND_BYTES = 32, HEADER_WORDS = 18, MAGIC = 0x31425357 };

struct Z_env_instance_t {
  wasm_rt_memory_t memory;
};

#ifdef METERED
struct Z_wowsim_instance_t {
  char nothing;
};
#endif

struct zone {
  uint8_t* file;       // the whole work file
  const uint8_t* next; // the batch of the next tick
  struct Z_env_instance_t env;
#ifdef METERED
  struct Z_wowsim_instance_t host;
#endif
  Z_kernel_instance_t kernel;
};

wasm_rt_memory_t* Z_envZ_memory(struct Z_env_instance_t* env) { return &env->memory; }

void Z_envZ_abort(struct Z_env_instance_t* env, u32 message, u32 file, u32 line, u32 column) {
  (void)env, (void)message, (void)file;
  fprintf(stderr, "The kernel aborted at line %u, column %u of its source.\n", line, column);
  exit(1);
}

#ifdef METERED
u32 Z_wowsimZ_refuel(struct Z_wowsim_instance_t* host, u32 lacking) {
  (void)host;
  fprintf(stderr, "The kernel lacks %u units of fuel.\n", lacking);
  exit(1);
}
#endif

static uint32_t word(const uint8_t* bytes, size_t index) {
  uint32_t value;
  memcpy(&value, bytes + index * 4, 4);
  return value;
}

static uint8_t* read_file(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    exit(1);
  }
  long size = ftell(file);
  uint8_t* bytes = malloc((size_t)size);
  rewind(file);
  if (bytes == NULL || fread(bytes, 1, (size_t)size, file) != (size_t)size || word(bytes, 0) != MAGIC) {
    fprintf(stderr, "%s is not a work file: bun run bench makes them.\n", path);
    exit(1);
  }
  fclose(file);
  return bytes;
}

static void open_zone(struct zone* zone, const char* path) {
  zone->file = read_file(path);
  const uint8_t* header = zone->file;
  wasm_rt_allocate_memory(&zone->env.memory, word(header, 14), word(header, 14));
#ifdef METERED
  Z_kernel_instantiate(&zone->kernel, &zone->env, &zone->host);
#else
  Z_kernel_instantiate(&zone->kernel, &zone->env);
#endif
  const uint8_t* state = header + word(header, 1);
  memcpy(zone->env.memory.data + word(header, 8), state, word(header, 9));
  zone->next = state + word(header, 9);
}

static void run_tick(struct zone* zone, uint32_t index) {
  const uint8_t* header = zone->file;
  uint8_t* memory = zone->env.memory.data;
  uint32_t count = word(zone->next, 0);
  memcpy(memory + word(header, 10), zone->next + 4, (size_t)count * COMMAND_BYTES);
  memcpy(memory + word(header, 11), &count, 4);
  zone->next += 4 + (size_t)count * COMMAND_BYTES;
#ifdef METERED
  memcpy(Z_kernelZ_fuel(&zone->kernel), header + 64, 8);
#endif
  Z_kernelZ_tick(&zone->kernel, word(header, 3) + index);
}

static double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  if (argc < 3 || atoi(argv[1]) < 1) {
    fprintf(stderr, "Usage: tick-native TICKS WORK_FILE...\n");
    return 2;
  }
  uint32_t ticks = (uint32_t)atoi(argv[1]);
  int zone_count = argc - 2;
  wasm_rt_init();
  Z_kernel_init_module();
  struct zone* zones = calloc((size_t)zone_count, sizeof *zones);
  double* tick_us = malloc(ticks * sizeof *tick_us);
  uint32_t entities = 0;
  for (int z = 0; z < zone_count; z++) {
    open_zone(&zones[z], argv[2 + z]);
    entities += word(zones[z].file, 2);
    if (ticks > word(zones[z].file, 4)) {
      fprintf(stderr, "The work files hold %u ticks, not %u.\n", word(zones[z].file, 4), ticks);
      return 1;
    }
  }
  for (uint32_t index = 0; index < ticks; index++) {
    double start = now_us();
    for (int z = 0; z < zone_count; z++) run_tick(&zones[z], index);
    tick_us[index] = now_us() - start;
  }
  printf("{\"hash\":\"");
  for (int z = 0; z < zone_count; z++) {
    const uint8_t* memory = zones[z].env.memory.data;
    printf("%s%08x%08x", z > 0 ? " " : "", word(memory + word(zones[z].file, 13), 0), word(memory + word(zones[z].file, 12), 0));
  }
  qsort(tick_us, ticks, sizeof *tick_us, ascending);
  printf("\",\"zones\":%d,\"entities\":%u,\"ticks\":%u,\"tick_us_p50\":%.1f,\"tick_us_p99\":%.1f}\n", zone_count, entities,
         ticks, tick_us[ticks / 2], tick_us[ticks * 99 / 100]);
  return 0;
}
