#include "entry_points.h"
#include "runtime/enter.h"
#include "runtime/launch.h"
#include "runtime/registry.h"

namespace anywarp::runtime::api {

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* numBlocks, const void* func, int blockSize, size_t dynamicSMemSize) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks, func, blockSize, dynamicSMemSize, cudaOccupancyDefault);
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* numBlocks, const void* func, int blockSize, size_t dynamicSMemSize,
                                                                   unsigned int flags) {
  CUfunction function = nullptr;
  if (const cudaError_t error = find_function(func, function)) return error;
  return to_error(driver().cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(numBlocks, function, blockSize, dynamicSMemSize, flags));
}

cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t* dynamicSmemSize, const void* func, int numBlocks, int blockSize) {
  CUfunction function = nullptr;
  if (const cudaError_t error = find_function(func, function)) return error;
  return to_error(driver().cuOccupancyAvailableDynamicSMemPerBlock(dynamicSmemSize, function, numBlocks, blockSize));
}

cudaError_t cudaOccupancyMaxPotentialClusterSize(int* clusterSize, const void* func, const cudaLaunchConfig_t* launchConfig) {
  CUfunction function = nullptr;
  if (!launchConfig) return cudaErrorInvalidValue;
  if (const cudaError_t error = find_function(func, function)) return error;
  const CUlaunchConfig config = launch_config(*launchConfig);
  return to_error(driver().cuOccupancyMaxPotentialClusterSize(clusterSize, function, &config));
}

cudaError_t cudaOccupancyMaxActiveClusters(int* numClusters, const void* func, const cudaLaunchConfig_t* launchConfig) {
  CUfunction function = nullptr;
  if (!launchConfig) return cudaErrorInvalidValue;
  if (const cudaError_t error = find_function(func, function)) return error;
  const CUlaunchConfig config = launch_config(*launchConfig);
  return to_error(driver().cuOccupancyMaxActiveClusters(numClusters, function, &config));
}

}  // namespace anywarp::runtime::api
