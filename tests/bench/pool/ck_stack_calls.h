/* ck_stack.h is C and not C++: its macros convert void pointers silently. Link-time optimisation
 * puts these calls inline again. */
#ifndef TAPELINE_BENCH_CK_STACK_CALLS_H
#define TAPELINE_BENCH_CK_STACK_CALLS_H

#ifdef __cplusplus
extern "C" {
#endif

struct ck_stack;
struct ck_stack_entry;

struct ck_stack* tapeline_ck_stack(void);             /* the one there is, empty at first */
struct ck_stack_entry* tapeline_ck_entry(unsigned i); /* i < 1024 */
unsigned tapeline_ck_index(const struct ck_stack_entry* entry);
void tapeline_ck_push(struct ck_stack* stack, struct ck_stack_entry* entry);
struct ck_stack_entry* tapeline_ck_pop(struct ck_stack* stack); /* NULL when it is empty */

#ifdef __cplusplus
}
#endif
#endif
