#include "driver/context.h"
#include "driver/entry_points.h"
#include "driver/function.h"
#include "driver/process.h"

#include <algorithm>

namespace anywarp::driver::api {
namespace {

uint32_t blocks(const Function& function, uint32_t threads, size_t dynamic_shared) {
  const backend::KernelAttributes& of = function.kernel().attributes();
  if (threads > of.max_threads_per_block) return 0;
  const size_t shared = std::min<size_t>(of.static_shared + std::min<size_t>(dynamic_shared, 1 << 30), 1 << 30);
  return device::blocks_per_multiprocessor(function.context().device().properties(), threads, uint32_t(shared), of.registers);
}

Result<> check_flags(unsigned flags) {
  if ((flags & ~unsigned(CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE)) == 0) return {};
  return invalid_value("The flags " + std::to_string(flags) + " are not flags of an occupancy question.");
}

uint32_t cluster_size(const CUlaunchConfig& config) {
  for (unsigned i = 0; i < config.numAttrs; ++i)
    if (config.attrs && config.attrs[i].id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
      const auto& extent = config.attrs[i].value.clusterDim;
      return extent.x * extent.y * extent.z;
    }
  return 1;
}

}  // namespace

Result<> cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* numBlocks, CUfunction func, int blockSize, size_t dynamicSMemSize,
                                                              unsigned int flags) {
  AW_TRY(need(numBlocks, "numBlocks"));
  AW_TRY(check_flags(flags));
  AW_ASSIGN(Function * function, function_of(func));
  if (blockSize <= 0) return invalid_value("The block has " + std::to_string(blockSize) + " threads.");
  *numBlocks = int(blocks(*function, uint32_t(blockSize), dynamicSMemSize));
  return {};
}

Result<> cuOccupancyMaxActiveBlocksPerMultiprocessor(int* numBlocks, CUfunction func, int blockSize, size_t dynamicSMemSize) {
  return api::cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks, func, blockSize, dynamicSMemSize, CU_OCCUPANCY_DEFAULT);
}

// The largest block among those that fill a multiprocessor best.
Result<> cuOccupancyMaxPotentialBlockSizeWithFlags(int* minGridSize, int* blockSize, CUfunction func,
                                                   CUoccupancyB2DSize blockSizeToDynamicSMemSize, size_t dynamicSMemSize,
                                                   int blockSizeLimit, unsigned int flags) {
  AW_TRY(need(minGridSize, "minGridSize"));
  AW_TRY(need(blockSize, "blockSize"));
  AW_TRY(check_flags(flags));
  AW_ASSIGN(Function * function, function_of(func));
  if (blockSizeLimit < 0) return invalid_value("The limit of the block size is " + std::to_string(blockSizeLimit) + ".");
  const auto most = int(function->kernel().attributes().max_threads_per_block);
  const int limit = blockSizeLimit == 0 ? most : std::min(blockSizeLimit, most);
  const int warp = 32;
  int best_threads = 0, best_size = 0, best_blocks = 0;
  for (int size = (limit + warp - 1) / warp * warp; size > 0; size -= warp) {
    const int threads = std::min(size, limit);
    const size_t shared = blockSizeToDynamicSMemSize ? blockSizeToDynamicSMemSize(threads) : dynamicSMemSize;
    const int count = int(blocks(*function, uint32_t(threads), shared));
    if (threads * count <= best_threads) continue;
    best_threads = threads * count;
    best_size = threads;
    best_blocks = count;
  }
  *blockSize = best_size;
  *minGridSize = best_blocks * function->context().device().attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  return {};
}

Result<> cuOccupancyMaxPotentialBlockSize(int* minGridSize, int* blockSize, CUfunction func, CUoccupancyB2DSize blockSizeToDynamicSMemSize,
                                          size_t dynamicSMemSize, int blockSizeLimit) {
  return api::cuOccupancyMaxPotentialBlockSizeWithFlags(minGridSize, blockSize, func, blockSizeToDynamicSMemSize, dynamicSMemSize,
                                                        blockSizeLimit, CU_OCCUPANCY_DEFAULT);
}

Result<> cuOccupancyAvailableDynamicSMemPerBlock(size_t* dynamicSmemSize, CUfunction func, int numBlocks, int blockSize) {
  AW_TRY(need(dynamicSmemSize, "dynamicSmemSize"));
  AW_ASSIGN(Function * function, function_of(func));
  if (numBlocks <= 0 || blockSize <= 0) return invalid_value("The number of blocks and the block size must be above 0.");
  const device::Properties& device = function->context().device().properties();
  const size_t reserved = size_t(device.attribute(CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK));
  const size_t share = size_t(device.attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR)) / size_t(numBlocks);
  size_t each = share > reserved ? (share - reserved) / 128 * 128 : 0;
  each = std::min(each, size_t(device.attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)));
  const size_t fixed = function->kernel().attributes().static_shared;
  *dynamicSmemSize = std::min<size_t>(each > fixed ? each - fixed : 0, function->most_dynamic_shared());
  return {};
}

Result<> cuOccupancyMaxPotentialClusterSize(int* clusterSize, CUfunction func, const CUlaunchConfig* config) {
  AW_TRY(need(clusterSize, "clusterSize"));
  AW_TRY(need(config, "config"));
  AW_ASSIGN(Function * function, function_of(func));
  *clusterSize = function->settings().non_portable_cluster != 0 ? 16 : 8;
  return {};
}

Result<> cuOccupancyMaxActiveClusters(int* numClusters, CUfunction func, const CUlaunchConfig* config) {
  AW_TRY(need(numClusters, "numClusters"));
  AW_TRY(need(config, "config"));
  AW_ASSIGN(Function * function, function_of(func));
  const uint64_t threads = uint64_t(config->blockDimX) * config->blockDimY * config->blockDimZ;
  if (threads == 0 || threads > 1024) return invalid_value("The block has " + std::to_string(threads) + " threads.");
  const uint32_t size = std::max(1u, cluster_size(*config));
  const int multiprocessors = function->context().device().attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  *numClusters = int(blocks(*function, uint32_t(threads), config->sharedMemBytes)) * multiprocessors / int(size);
  return {};
}

}  // namespace anywarp::driver::api
