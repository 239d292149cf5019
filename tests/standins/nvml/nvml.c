/* A simulated stand-in for libnvidia-ml.so.1, at the driver's own interface: the functions that the
 * agent calls through pynvml, with their state read anew at every call from the text file that
 * AIGC_STANDIN_NVML names. It proves that we speak the interface, not that a driver agrees.
 *
 *   driver 550.54.14            init 18 (error of nvmlInit)      error nvmlDeviceGetName 15
 *   hang nvmlDeviceGetCount_v2 3000 (milliseconds)
 *   card GPU-1111...            begins a card; the lines below are of the last card
 *   name NVIDIA GeForce RTX 4090
 *   bus 00000000:01:00.0        memory TOTAL USED                utilisation 37
 *   temperature 61              power MILLIWATTS                 energy MILLIJOULES
 *   capability 8 9              process PID BYTES|-1             drawing PID BYTES|-1
 *   sample PID PERCENT MICROSECONDS
 *   lost                        without FUNCTION (not supported on this card)
 *   slice MIG-1111... TOTAL USED
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CARDS 16
#define LIST 32

enum { OK = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6,
       TOO_SMALL = 7, NOT_LOADED = 9, LOST = 15 };

typedef unsigned long long u64;
typedef struct { unsigned pid; u64 used; unsigned gpu, compute; } process_t;
typedef struct { unsigned pid; u64 at; unsigned sm, memory, encoder, decoder; } sample_t;
typedef struct { char uuid[96]; u64 total, used; } slice_t;
typedef struct {
  char uuid[96], name[96], bus[32], without[LIST][64];
  u64 total, used, energy;
  unsigned utilisation, temperature, power, major, minor;
  int lost, nprocesses, ndrawings, nsamples, nwithout, nslices;
  process_t processes[LIST], drawings[LIST];
  sample_t samples[LIST];
  slice_t slices[8];
} card_t;
typedef struct { char driver[64]; int init, ncards; card_t cards[CARDS]; } state_t;
typedef struct { int card, slice; } place_t; /* a handle; slice -1 is the whole card */

static state_t state;
static int initialised;
static place_t places[CARDS][9];

static void add_process(process_t *list, int *count, const char *rest) {
  long long used;
  if (*count < LIST && sscanf(rest, "%u %lld", &list[*count].pid, &used) == 2)
    list[(*count)++].used = (u64)used;
}

/* Read the file; what it says of this function: an error, a pause, or nothing (0). */
static int begin(const char *function) {
  const char *path = getenv("AIGC_STANDIN_NVML");
  char line[256], rest[224], word[64];
  int answer = OK;
  card_t *card = NULL;
  FILE *file = path ? fopen(path, "r") : NULL;
  if (!file) return NOT_LOADED;
  memset(&state, 0, sizeof state);
  strcpy(state.driver, "550.54.14");
  while (fgets(line, sizeof line, file)) {
    rest[0] = 0;
    if (sscanf(line, "%63s %223[^\n]", word, rest) < 1 || word[0] == '#') continue;
    if (!strcmp(word, "driver")) snprintf(state.driver, sizeof state.driver, "%.63s", rest);
    else if (!strcmp(word, "init")) state.init = atoi(rest);
    else if (!strcmp(word, "error") || !strcmp(word, "hang")) {
      char name[64]; int number;
      if (sscanf(rest, "%63s %d", name, &number) == 2 && !strcmp(name, function)) {
        if (word[0] == 'e') answer = number; else usleep((useconds_t)number * 1000);
      }
    } else if (!strcmp(word, "card") && state.ncards < CARDS) {
      card = &state.cards[state.ncards++];
      snprintf(card->uuid, sizeof card->uuid, "%.95s", rest);
      strcpy(card->name, "NVIDIA Simulated");
      snprintf(card->bus, sizeof card->bus, "00000000:%02X:00.0", state.ncards);
      card->major = 8; card->minor = 9;
    } else if (!card) continue;
    else if (!strcmp(word, "name")) snprintf(card->name, sizeof card->name, "%.95s", rest);
    else if (!strcmp(word, "bus")) snprintf(card->bus, sizeof card->bus, "%.31s", rest);
    else if (!strcmp(word, "memory")) sscanf(rest, "%llu %llu", &card->total, &card->used);
    else if (!strcmp(word, "utilisation")) card->utilisation = (unsigned)atoi(rest);
    else if (!strcmp(word, "temperature")) card->temperature = (unsigned)atoi(rest);
    else if (!strcmp(word, "power")) card->power = (unsigned)atoi(rest);
    else if (!strcmp(word, "energy")) sscanf(rest, "%llu", &card->energy);
    else if (!strcmp(word, "capability")) sscanf(rest, "%u %u", &card->major, &card->minor);
    else if (!strcmp(word, "process")) add_process(card->processes, &card->nprocesses, rest);
    else if (!strcmp(word, "drawing")) add_process(card->drawings, &card->ndrawings, rest);
    else if (!strcmp(word, "lost")) card->lost = 1;
    else if (!strcmp(word, "without") && card->nwithout < LIST)
      snprintf(card->without[card->nwithout++], 64, "%.63s", rest);
    else if (!strcmp(word, "sample") && card->nsamples < LIST) {
      sample_t *s = &card->samples[card->nsamples];
      if (sscanf(rest, "%u %u %llu", &s->pid, &s->sm, &s->at) == 3) card->nsamples++;
    } else if (!strcmp(word, "slice") && card->nslices < 8) {
      slice_t *s = &card->slices[card->nslices];
      if (sscanf(rest, "%95s %llu %llu", s->uuid, &s->total, &s->used) == 3) card->nslices++;
    }
  }
  fclose(file);
  if (answer == OK && !initialised) answer = UNINITIALIZED;
  return answer;
}

/* The card behind a handle, after what the file says of this function and of this card. */
static int card_of(const char *function, place_t *place, card_t **card) {
  int answer = begin(function), i;
  if (answer != OK) return answer;
  if (!place || place->card >= state.ncards) return INVALID;
  *card = &state.cards[place->card];
  if ((*card)->lost) return LOST;
  for (i = 0; i < (*card)->nwithout; i++)
    if (!strcmp((*card)->without[i], function)) return NOT_SUPPORTED;
  return OK;
}

#define CARD card_t *card; int answer = card_of(__func__, place, &card); if (answer) return answer
#define WHOLE CARD; if (place->slice >= 0) return NOT_SUPPORTED

static int put(char *out, unsigned size, const char *text) {
  if (strlen(text) >= size) return TOO_SMALL;
  strcpy(out, text);
  return OK;
}

int nvmlInitWithFlags(unsigned flags) {
  int answer;
  (void)flags;
  initialised = 1;
  answer = begin(__func__);
  if (answer == OK) answer = state.init;
  initialised = answer == OK;
  return answer;
}
int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
int nvmlShutdown(void) { initialised = 0; return OK; }
const char *nvmlErrorString(int code) {
  switch (code) {
    case OK: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case NOT_SUPPORTED: return "Not Supported";
    case NOT_FOUND: return "Not Found";
    case NOT_LOADED: return "Driver Not Loaded";
    case LOST: return "GPU is lost";
    case 18: return "Driver/library version mismatch";
    default: return "Unknown Error";
  }
}
int nvmlSystemGetDriverVersion(char *out, unsigned size) {
  int answer = begin(__func__);
  return answer ? answer : put(out, size, state.driver);
}
int nvmlDeviceGetCount_v2(unsigned *count) {
  int answer = begin(__func__);
  *count = (unsigned)state.ncards;
  return answer;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, place_t **place) {
  int answer = begin(__func__);
  if (answer) return answer;
  if (index >= (unsigned)state.ncards) return INVALID;
  if (state.cards[index].lost) return LOST;
  places[index][0].card = (int)index;
  places[index][0].slice = -1;
  *place = &places[index][0];
  return OK;
}
int nvmlDeviceGetUUID(place_t *place, char *out, unsigned size) {
  CARD;
  return put(out, size, place->slice < 0 ? card->uuid : card->slices[place->slice].uuid);
}
int nvmlDeviceGetName(place_t *place, char *out, unsigned size) {
  CARD;
  return put(out, size, card->name);
}
typedef struct { char legacy[16]; unsigned domain, bus, device, id, subsystem; char busid[32]; } pci_t;
int nvmlDeviceGetPciInfo_v3(place_t *place, pci_t *out) {
  WHOLE;
  memset(out, 0, sizeof *out);
  strcpy(out->busid, card->bus);
  return OK;
}
int nvmlDeviceGetMemoryInfo(place_t *place, u64 *out) {
  CARD;
  out[0] = place->slice < 0 ? card->total : card->slices[place->slice].total;
  out[2] = place->slice < 0 ? card->used : card->slices[place->slice].used;
  out[1] = out[0] - out[2];
  return OK;
}
int nvmlDeviceGetUtilizationRates(place_t *place, unsigned *out) {
  WHOLE;
  out[0] = out[1] = card->utilisation;
  return OK;
}
int nvmlDeviceGetTemperature(place_t *place, int sensor, unsigned *out) {
  WHOLE;
  (void)sensor;
  *out = card->temperature;
  return OK;
}
int nvmlDeviceGetPowerUsage(place_t *place, unsigned *out) { WHOLE; *out = card->power; return OK; }
int nvmlDeviceGetTotalEnergyConsumption(place_t *place, u64 *out) {
  WHOLE;
  *out = card->energy;
  return OK;
}
int nvmlDeviceGetCudaComputeCapability(place_t *place, int *major, int *minor) {
  WHOLE;
  *major = (int)card->major;
  *minor = (int)card->minor;
  return OK;
}
static int list_processes(process_t *all, int count, unsigned *room, process_t *out) {
  unsigned had = *room;
  *room = (unsigned)count;
  if (count == 0) return OK;
  if (had < (unsigned)count || !out) return TOO_SMALL;
  memcpy(out, all, (size_t)count * sizeof *all);
  return OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(place_t *place, unsigned *room, process_t *out) {
  CARD;
  return list_processes(card->processes, card->nprocesses, room, out);
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(place_t *place, unsigned *room, process_t *out) {
  CARD;
  return list_processes(card->drawings, card->ndrawings, room, out);
}
int nvmlDeviceGetProcessUtilization(place_t *place, sample_t *out, unsigned *room, u64 since) {
  unsigned count = 0, i;
  WHOLE;
  for (i = 0; i < (unsigned)card->nsamples; i++)
    if (card->samples[i].at > since) {
      if (out && count < *room) out[count] = card->samples[i];
      count++;
    }
  if (count == 0) return NOT_FOUND;
  i = *room;
  *room = count;
  return !out || i < count ? TOO_SMALL : OK;
}
int nvmlDeviceGetMigMode(place_t *place, unsigned *now, unsigned *pending) {
  WHOLE;
  *now = *pending = card->nslices > 0;
  return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(place_t *place, unsigned *count) {
  WHOLE;
  *count = 8;
  return OK;
}
int nvmlDeviceGetMigDeviceHandleByIndex(place_t *place, unsigned index, place_t **out) {
  WHOLE;
  if (index >= (unsigned)card->nslices) return NOT_FOUND;
  places[place->card][index + 1].card = place->card;
  places[place->card][index + 1].slice = (int)index;
  *out = &places[place->card][index + 1];
  return OK;
}
