// The model's weights, and the forward pass as plain loops in double precision.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

/// Offsets into Model::weights.
struct Norm {
  size_t gain, bias;
};
struct Linear {
  size_t weight, bias;
  int inputs, outputs;  // weight[output][input]
};
struct Layer {
  Norm norm1, norm2;
  Linear qkv, projection, up, down;
};

struct Model {
  Model(int layer_count, int head_count, int channel_count, int words, int positions)
      : heads(head_count), channels(channel_count), vocabulary(words) {
    token_table = fill(size_t(words) * channels, 0.08f);
    position_table = fill(size_t(positions) * channels, 0.04f);
    for (int i = 0; i < layer_count; i++)
      layers.push_back({norm(), norm(), linear(channels, 3 * channels), linear(channels, channels), linear(channels, 4 * channels),
                        linear(4 * channels, channels)});
    last_norm = norm();
  }

  int heads, channels, vocabulary;
  std::vector<float> weights;
  size_t token_table, position_table;
  std::vector<Layer> layers;
  Norm last_norm;

 private:
  /// `count` numbers around `centre`, spread evenly over +-`range`.
  size_t fill(size_t count, float range, float centre = 0) {
    size_t offset = weights.size();
    for (size_t i = 0; i < count; i++) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      weights.push_back(centre + range * (float(state_ >> 40) / (1 << 23) - 1));
    }
    return offset;
  }
  Norm norm() {
    size_t gain = fill(channels, 0.1f, 1);
    return {gain, fill(channels, 0.02f)};
  }
  Linear linear(int inputs, int outputs) {
    size_t weight = fill(size_t(inputs) * outputs, std::sqrt(3.0f / float(inputs)));
    return {weight, fill(outputs, 0.02f), inputs, outputs};
  }
  uint64_t state_ = 20250101;
};

/// The logits of what follows the last token.
inline std::vector<double> reference(const Model& model, const std::vector<int>& tokens) {
  using Rows = std::vector<std::vector<double>>;
  const std::vector<float>& w = model.weights;
  size_t n = tokens.size(), channels = model.channels, size = channels / model.heads;
  auto norm = [&](const Rows& in, const Norm& p) {
    Rows out = in;
    for (auto& row : out) {
      double mean = 0, variance = 0;
      for (double x : row) mean += x / double(channels);
      for (double x : row) variance += (x - mean) * (x - mean) / double(channels);
      for (size_t c = 0; c < channels; c++) row[c] = (row[c] - mean) / std::sqrt(variance + 1e-5) * w[p.gain + c] + w[p.bias + c];
    }
    return out;
  };
  auto linear = [&](const Rows& in, const Linear& p) {
    Rows out(in.size(), std::vector<double>(p.outputs));
    for (size_t t = 0; t < in.size(); t++)
      for (int o = 0; o < p.outputs; o++) {
        double sum = w[p.bias + o];
        const float* row = &w[p.weight + size_t(o) * p.inputs];
        for (int i = 0; i < p.inputs; i++) sum += in[t][i] * row[i];
        out[t][o] = sum;
      }
    return out;
  };
  auto add = [](Rows& to, const Rows& what) {
    for (size_t t = 0; t < to.size(); t++)
      for (size_t c = 0; c < to[t].size(); c++) to[t][c] += what[t][c];
  };

  Rows stream(n, std::vector<double>(channels));
  for (size_t t = 0; t < n; t++)
    for (size_t c = 0; c < channels; c++)
      stream[t][c] = double(w[model.token_table + tokens[t] * channels + c]) + w[model.position_table + t * channels + c];
  for (const Layer& layer : model.layers) {
    Rows qkv = linear(norm(stream, layer.norm1), layer.qkv), attended(n, std::vector<double>(channels));
    for (size_t head = 0; head < size_t(model.heads); head++)
      for (size_t t = 0; t < n; t++) {
        std::vector<double> score(t + 1);
        double total = 0;
        for (size_t s = 0; s <= t; s++) {
          for (size_t c = 0; c < size; c++) score[s] += qkv[t][head * size + c] * qkv[s][channels + head * size + c];
          total += score[s] = std::exp(score[s] / std::sqrt(double(size)));
        }
        for (size_t s = 0; s <= t; s++)
          for (size_t c = 0; c < size; c++) attended[t][head * size + c] += score[s] / total * qkv[s][2 * channels + head * size + c];
      }
    add(stream, linear(attended, layer.projection));
    Rows hidden = linear(norm(stream, layer.norm2), layer.up);
    for (auto& row : hidden)
      for (double& x : row) x = 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    add(stream, linear(hidden, layer.down));
  }
  Rows last = norm({stream.back()}, model.last_norm);
  std::vector<double> logits(model.vocabulary);
  for (int word = 0; word < model.vocabulary; word++)
    for (size_t c = 0; c < channels; c++) logits[word] += last[0][c] * w[model.token_table + word * channels + c];
  return logits;
}
