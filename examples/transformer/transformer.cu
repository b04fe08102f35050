// The forward pass of a small language model in the form of GPT-2: token and position embeddings, then layers of
// LayerNorm -> masked multi-head attention -> + -> LayerNorm -> MLP with GELU -> +, a last LayerNorm, and logits from the token
// embedding. The weights are generated, so the predictions mean nothing, but every operation and size is real: the result is
// compared with the same computation in double precision on the host.
#include "../example.h"
#include "reference.h"

#include <algorithm>
#include <cmath>

constexpr int warp = 32;

__device__ float warp_sum(float value) {
  for (int distance = warp / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffff, value, distance);
  return value;
}

__device__ float warp_max(float value) {
  for (int distance = warp / 2; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(0xffffffff, value, distance));
  return value;
}

__global__ void embed(const int* tokens, const float* token_table, const float* position_table, float* out, int channels) {
  int t = blockIdx.x;
  for (int c = threadIdx.x; c < channels; c += blockDim.x)
    out[t * channels + c] = token_table[tokens[t] * channels + c] + position_table[t * channels + c];
}

/// One warp a token.
__global__ void layer_norm(const float* in, const float* gain, const float* bias, float* out, int tokens, int channels) {
  int t = blockIdx.x * (blockDim.x / warp) + threadIdx.x / warp, lane = threadIdx.x % warp;
  if (t >= tokens) return;
  const float* x = in + t * channels;
  float sum = 0, squares = 0;
  for (int c = lane; c < channels; c += warp) sum += x[c];
  float mean = warp_sum(sum) / channels;
  for (int c = lane; c < channels; c += warp) squares += (x[c] - mean) * (x[c] - mean);
  float scale = rsqrtf(warp_sum(squares) / channels + 1e-5f);
  for (int c = lane; c < channels; c += warp) out[t * channels + c] = (x[c] - mean) * scale * gain[c] + bias[c];
}

enum class After { Nothing, Gelu, Add };

/// out[t][o] = (after) bias[o] + sum over i of in[t][i] * weight[o][i], in tiles of 32 x 32 in shared memory.
template <After after>
__global__ void linear(const float* in, const float* weight, const float* bias, float* out, int tokens, int inputs, int outputs) {
  constexpr int tile = 32, rows = 8;  // a thread computes tile / rows results
  __shared__ float x[tile][tile + 1], w[tile][tile + 1];
  int o = blockIdx.x * tile, t = blockIdx.y * tile;
  float sum[tile / rows] = {};
  for (int i = 0; i < inputs; i += tile) {
    for (int r = threadIdx.y; r < tile; r += rows) {
      x[r][threadIdx.x] = t + r < tokens ? in[(t + r) * inputs + i + threadIdx.x] : 0;
      w[threadIdx.x][r] = o + r < outputs ? weight[(o + r) * inputs + i + threadIdx.x] : 0;
    }
    __syncthreads();
    for (int k = 0; k < tile; k++)
#pragma unroll
      for (int r = 0; r < tile / rows; r++) sum[r] += x[threadIdx.y + r * rows][k] * w[k][threadIdx.x];
    __syncthreads();
  }
  int column = o + threadIdx.x;
  if (column >= outputs) return;
#pragma unroll
  for (int r = 0; r < tile / rows; r++) {
    int row = t + threadIdx.y + r * rows;
    if (row >= tokens) continue;
    float value = sum[r] + (bias ? bias[column] : 0);
    if (after == After::Gelu) value = 0.5f * value * (1 + tanhf(0.7978845608f * (value + 0.044715f * value * value * value)));
    if (after == After::Add) value += out[row * outputs + column];
    out[row * outputs + column] = value;
  }
}

/// One warp a query and head: scores of all earlier tokens in shared memory, softmax, and the weighted sum of the values.
/// qkv[t] holds the query, key and value of token t, each `channels` long.
__global__ void attention(const float* qkv, float* out, int channels, int heads) {
  extern __shared__ float scores[];
  int t = blockIdx.x, head = blockIdx.y, lane = threadIdx.x, size = channels / heads;
  const float* query = qkv + t * 3 * channels + head * size;
  float most = -INFINITY;
  for (int s = lane; s <= t; s += warp) {
    const float* key = qkv + s * 3 * channels + channels + head * size;
    float dot = 0;
    for (int c = 0; c < size; c++) dot += query[c] * key[c];
    scores[s] = dot * rsqrtf(float(size));
    most = fmaxf(most, scores[s]);
  }
  most = warp_max(most);
  float sum = 0;
  for (int s = lane; s <= t; s += warp) sum += scores[s] = expf(scores[s] - most);
  sum = warp_sum(sum);
  __syncwarp();
  for (int c = lane; c < size; c += warp) {
    float value = 0;
    for (int s = 0; s <= t; s++) value += scores[s] * qkv[s * 3 * channels + 2 * channels + head * size + c];
    out[t * channels + head * size + c] = value / sum;
  }
}

/// The model on the device.
class Transformer {
 public:
  Transformer(const Model& model, int most_tokens) : model_(model) {
    CHECK(cudaMalloc(&weights_, model.weights.size() * sizeof(float)));
    CHECK(cudaMemcpy(weights_, model.weights.data(), model.weights.size() * sizeof(float), cudaMemcpyHostToDevice));
    size_t c = size_t(model.channels) * most_tokens;
    CHECK(cudaMalloc(&tokens_, most_tokens * sizeof(int)));
    CHECK(cudaMalloc(&stream_, c * sizeof(float)));
    CHECK(cudaMalloc(&normed_, c * sizeof(float)));
    CHECK(cudaMalloc(&qkv_, 3 * c * sizeof(float)));
    CHECK(cudaMalloc(&attended_, c * sizeof(float)));
    CHECK(cudaMalloc(&hidden_, 4 * c * sizeof(float)));
    CHECK(cudaMalloc(&logits_, model.vocabulary * sizeof(float)));
  }
  ~Transformer() {
    for (void* memory :
         {(void*)weights_, (void*)tokens_, (void*)stream_, (void*)normed_, (void*)qkv_, (void*)attended_, (void*)hidden_, (void*)logits_})
      cudaFree(memory);
  }
  Transformer(const Transformer&) = delete;

  /// The logits of what follows the last token.
  std::vector<float> forward(const std::vector<int>& tokens) {
    const Model& m = model_;
    int n = int(tokens.size()), c = m.channels;
    CHECK(cudaMemcpyAsync(tokens_, tokens.data(), n * sizeof(int), cudaMemcpyHostToDevice));
    embed<<<n, 128>>>(tokens_, at(m.token_table), at(m.position_table), stream_, c);
    for (const Layer& layer : m.layers) {
      norm(stream_, layer.norm1, n);
      run<After::Nothing>(normed_, layer.qkv, qkv_, n);
      attention<<<dim3(n, m.heads), warp, n * sizeof(float)>>>(qkv_, attended_, c, m.heads);
      run<After::Add>(attended_, layer.projection, stream_, n);
      norm(stream_, layer.norm2, n);
      run<After::Gelu>(normed_, layer.up, hidden_, n);
      run<After::Add>(hidden_, layer.down, stream_, n);
    }
    norm(stream_ + (n - 1) * c, m.last_norm, 1);
    linear<After::Nothing>
        <<<dim3((m.vocabulary + 31) / 32, 1), dim3(32, 8)>>>(normed_, at(m.token_table), nullptr, logits_, 1, c, m.vocabulary);
    std::vector<float> logits(m.vocabulary);
    CHECK(cudaMemcpy(logits.data(), logits_, logits.size() * sizeof(float), cudaMemcpyDeviceToHost));
    return logits;
  }

 private:
  const float* at(size_t offset) const { return weights_ + offset; }

  void norm(const float* in, const Norm& n, int tokens) {
    layer_norm<<<(tokens + 3) / 4, 4 * warp>>>(in, at(n.gain), at(n.bias), normed_, tokens, model_.channels);
  }

  template <After after>
  void run(const float* in, const Linear& l, float* out, int tokens) {
    dim3 grid((l.outputs + 31) / 32, (tokens + 31) / 32);
    linear<after><<<grid, dim3(32, 8)>>>(in, at(l.weight), at(l.bias), out, tokens, l.inputs, l.outputs);
  }

  const Model& model_;
  float* weights_;
  int* tokens_;
  float *stream_, *normed_, *qkv_, *attended_, *hidden_, *logits_;
};

int main(int argc, char** argv) {
  example::Options options("The forward pass of a small GPT-2-style language model with generated weights.", argc, argv);
  int layers = options.number("layers", 4, "layers", 1, 48);
  int heads = options.number("heads", 8, "attention heads of 32 channels each", 1, 64);
  int prompt = options.number("tokens", 96, "length of the prompt", 1, 1024);
  int generate = options.number("generate", 16, "tokens to generate after it", 0, 1024);
  options.finish();

  Model model(layers, heads, 32 * heads, 2048, prompt + generate);
  printf("%d layers, %d heads, %d channels, %d words: %.1f million parameters\n", layers, heads, model.channels, model.vocabulary,
         double(model.weights.size()) * 1e-6);
  Transformer transformer(model, prompt + generate);
  std::vector<int> tokens(prompt);
  for (int i = 0; i < prompt; i++) tokens[i] = i * i * 37 % model.vocabulary;
  transformer.forward(tokens);  // the first launches compile
  example::Clock clock;
  std::vector<float> logits = transformer.forward(tokens);
  double seconds = clock.seconds();
  double flop = 2.0 * prompt * layers * 12 * model.channels * model.channels + 2.0 * layers * prompt * prompt * model.channels +
                2.0 * model.channels * model.vocabulary;
  printf("prompt of %d tokens in %.1f ms: %.0f tokens/s, %.1f GFLOP/s\n", prompt, seconds * 1e3, prompt / seconds, flop / seconds * 1e-9);

  std::vector<double> expected = reference(model, tokens);
  double worst = 0, largest = 0;
  for (int i = 0; i < model.vocabulary; i++) {
    worst = std::max(worst, std::fabs(expected[i] - logits[i]));
    largest = std::max(largest, std::fabs(expected[i]));
  }

  example::Clock generation;
  for (int i = 0; i < generate; i++) {
    tokens.push_back(int(std::max_element(logits.begin(), logits.end()) - logits.begin()));
    logits = transformer.forward(tokens);
    example::progress("generating", double(i + 1) / generate);
  }
  if (generate) {
    printf("%d more, one by one, in %.2f s:", generate, generation.seconds());
    for (int i = prompt; i < int(tokens.size()); i++) printf(" %d", tokens[i]);
    printf("\n");
  }
  printf("largest difference from the host's logits: %.1e, of logits up to %.2f\n", worst, largest);
  return example::verdict(worst < 1e-4 * std::max(largest, 1.0), "transformer");
}
