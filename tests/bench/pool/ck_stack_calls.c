#include "ck_stack_calls.h"

#include <ck_stack.h>

/* Entries beside the buffers, a line each. */
struct line_entry {
  ck_stack_entry_t entry;
} __attribute__((aligned(64)));

static ck_stack_t the_stack __attribute__((aligned(128))) = CK_STACK_INITIALIZER;
static struct line_entry entries[1024];

struct ck_stack* tapeline_ck_stack(void) { return &the_stack; }

struct ck_stack_entry* tapeline_ck_entry(unsigned i) { return &entries[i].entry; }

unsigned tapeline_ck_index(const struct ck_stack_entry* entry) {
  return (unsigned)((const struct line_entry*)entry - entries);
}

void tapeline_ck_push(struct ck_stack* stack, struct ck_stack_entry* entry) {
  ck_stack_push_mpmc(stack, entry);
}

struct ck_stack_entry* tapeline_ck_pop(struct ck_stack* stack) {
  return ck_stack_pop_mpmc(stack);
}
