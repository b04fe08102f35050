// The heap that malloc and free in a kernel use.
#pragma once

#include <cstddef>

namespace anywarp::exec {

/// 16-byte aligned; null when the heap's limit or the machine's memory is reached. Thread-safe.
void* heap_allocate(size_t bytes);
/// False when `pointer` is not, or no longer, an allocation of this heap. Null is fine.
bool heap_release(void* pointer);

/// CU_LIMIT_MALLOC_HEAP_SIZE; 8 MiB as in CUDA until it is set.
void set_heap_limit(size_t bytes);
size_t heap_limit();
/// Frees everything, as the end of a context does.
void heap_reset();

}  // namespace anywarp::exec
