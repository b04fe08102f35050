// An exclusive scan of any length from a kernel that scans a block's elements: the blocks' sums are scanned in the same way and added.
#include "../device.h"

#include <memory>

constexpr int n = 1 << 26;

__global__ void add_sums(float* data, const float* sums, int span) {
  int i = blockIdx.x * span + threadIdx.x;
  for (int end = (blockIdx.x + 1) * span; i < end; i += blockDim.x) data[i] += sums[blockIdx.x];
}

/// `scan_blocks(in, out, sums, blocks)` launches a scan of `span` elements a block.
template <int span, class ScanBlocks>
int measure(ScanBlocks scan_blocks) {
  auto values = bench::ones(n);
  bench::Array<float> in(values), out(n);
  // The sums of blocks, of blocks of blocks and so on, each filled up to whole blocks by zeros.
  std::vector<std::unique_ptr<bench::Array<float>>> sums;
  std::vector<int> blocks;
  for (int count = n; count > 1;) {
    count = (count + span - 1) / span;
    blocks.push_back(count);
    sums.push_back(std::make_unique<bench::Array<float>>((count + span - 1) / span * span));
  }
  double seconds = bench::median(5, [&] {
    scan_blocks(in, out, *sums[0], blocks[0]);
    for (size_t level = 1; level < sums.size(); level++) scan_blocks(*sums[level - 1], *sums[level - 1], *sums[level], blocks[level]);
    for (size_t level = sums.size() - 1; level-- > 0;)
      add_sums<<<blocks[level], 256>>>(level ? (float*)*sums[level - 1] : (float*)out, *sums[level], span);
    bench::finish();
  });
  return bench::report(seconds, 2.0 * sizeof(float) * n * 1e-9, "GB", bench::checksum(out.host()));
}
