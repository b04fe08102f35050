// How often each byte occurs in a file, or in generated text. Every block counts into shared memory with atomics, where the
// threads of one block meet, and adds its 256 counts to the total at the end.
#include "../example.h"

#include <algorithm>
#include <random>

__global__ void histogram(const uint4* data, size_t n, unsigned* counts) {
  __shared__ unsigned mine[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x) mine[i] = 0;
  __syncthreads();
  size_t stride = size_t(gridDim.x) * blockDim.x;
  for (size_t i = size_t(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += stride) {
    uint4 sixteen = data[i];
    for (unsigned word : {sixteen.x, sixteen.y, sixteen.z, sixteen.w})
      for (int shift = 0; shift < 32; shift += 8) atomicAdd(&mine[word >> shift & 255], 1u);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x) atomicAdd(&counts[i], mine[i]);
}

std::vector<unsigned char> read_file(const std::string& path) {
  FILE* file = fopen(path.c_str(), "rb");
  if (!file) {
    perror(path.c_str());
    exit(1);
  }
  std::vector<unsigned char> bytes;
  unsigned char block[1 << 16];
  for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) bytes.insert(bytes.end(), block, block + n);
  fclose(file);
  return bytes;
}

/// Words of letters that are as frequent as in English.
std::vector<unsigned char> text(size_t n) {
  const char letters[] = "eeeeeeeeeeeetttttttttaaaaaaaaoooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddlllluuucccmmmwwffggyyppbbvk      ,.";
  std::vector<unsigned char> bytes(n);
  std::mt19937 random(1);
  for (unsigned char& byte : bytes) byte = letters[random() % (sizeof letters - 1)];
  return bytes;
}

int main(int argc, char** argv) {
  example::Options options("Counts how often each byte occurs in a file.", argc, argv);
  size_t megabytes = options.number("megabytes", 64, "of generated text, when no file is named", 1, 4096);
  std::vector<std::string> files = options.finish("[FILE]");
  std::vector<unsigned char> bytes = files.empty() ? text(megabytes << 20) : read_file(files[0]);
  size_t size = bytes.size();
  bytes.resize((size + 15) / 16 * 16);
  unsigned padding = unsigned(bytes.size() - size);

  uint4* data;
  unsigned *memory, counts[256];
  CHECK(cudaMalloc(&data, std::max<size_t>(bytes.size(), 16)));
  CHECK(cudaMalloc(&memory, sizeof counts));
  CHECK(cudaMemcpy(data, bytes.data(), bytes.size(), cudaMemcpyHostToDevice));
  double best = 1e30;
  for (int i = 0; i < 6; i++) {
    CHECK(cudaMemset(memory, 0, sizeof counts));
    example::Clock clock;
    histogram<<<64, 256>>>(data, bytes.size() / 16, memory);
    CHECK(cudaDeviceSynchronize());
    if (i > 0) best = std::min(best, clock.seconds());  // the first launch compiles
  }
  CHECK(cudaMemcpy(counts, memory, sizeof counts, cudaMemcpyDeviceToHost));
  CHECK(cudaFree(data));
  CHECK(cudaFree(memory));
  counts[0] -= padding;
  printf("%zu bytes in %.2f ms: %.2f GB/s\n", size, best * 1e3, double(size) / best * 1e-9);

  std::vector<int> order(256);
  for (int i = 0; i < 256; i++) order[i] = i;
  std::sort(order.begin(), order.end(), [&](int a, int b) { return counts[a] != counts[b] ? counts[a] > counts[b] : a < b; });
  for (int i = 0; i < 10 && counts[order[i]]; i++) {
    int byte = order[i];
    char name[8];
    snprintf(name, sizeof name, byte > 32 && byte < 127 ? "'%c'" : "0x%02x", byte);
    std::string bar(size_t(50.0 * counts[byte] / counts[order[0]]), '#');
    printf("  %-5s %10u  %s\n", name, counts[byte], bar.c_str());
  }
  unsigned expected[256] = {};
  for (size_t i = 0; i < size; i++) expected[bytes[i]]++;
  return example::verdict(std::equal(counts, counts + 256, expected), "histogram");
}
