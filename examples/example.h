// What the examples share: checked CUDA calls, the command line, a clock and a progress line.
#pragma once

#include <cuda_runtime.h>

#include <unistd.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#define CHECK(call)                                                                              \
  do {                                                                                           \
    cudaError_t status = (call);                                                                 \
    if (status != cudaSuccess) {                                                                 \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(status)); \
      exit(1);                                                                                   \
    }                                                                                            \
  } while (0)

namespace example {

/// Declares what a program takes and reads it: `Options o("what it does", argc, argv); int n = o.number("bodies", 4096, "...")`.
class Options {
 public:
  Options(const char* purpose, int argc, char** argv) : purpose_(purpose), words_(argv + 1, argv + argc), program_(argv[0]) {}

  long number(const char* name, long fallback, const char* help, long least = 1, long most = 1L << 30) {
    help_ += line(name, std::to_string(fallback), help);
    std::string text = take(name);
    if (text.empty()) return fallback;
    char* end = nullptr;
    long value = strtol(text.c_str(), &end, 10);
    if (*end || value < least || value > most)
      fail("--" + std::string(name) + " takes a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not '" + text +
           "'");
    return value;
  }

  std::string word(const char* name, const std::string& fallback, const char* help) {
    help_ += line(name, fallback, help);
    std::string text = take(name);
    return text.empty() ? fallback : text;
  }

  /// Call after the options are declared: shows --help, refuses what is unknown. Returns the words that are no options.
  std::vector<std::string> finish(const char* positional = "") {
    std::vector<std::string> rest;
    for (const std::string& word : words_) {
      if (word == "--help" || word == "-h") {
        printf("%s\n\nusage: %s [options] %s\n%s", purpose_, program_.c_str(), positional, help_.c_str());
        exit(0);
      }
      if (word.size() > 1 && word[0] == '-') fail("unknown option '" + word + "'");
      rest.push_back(word);
    }
    if (!rest.empty() && !*positional) fail("unexpected argument '" + rest[0] + "'");
    return rest;
  }

 private:
  static std::string line(const char* name, const std::string& fallback, const char* help) {
    std::string left = "  --" + std::string(name) + " N";
    left.resize(left.size() < 20 ? 20 : left.size() + 2, ' ');
    return left + help + (fallback.empty() ? "" : " (" + fallback + ")") + "\n";
  }

  std::string take(const char* name) {
    std::string option = "--" + std::string(name);
    for (size_t i = 0; i < words_.size(); i++) {
      if (words_[i].rfind(option + "=", 0) == 0) {
        std::string value = words_[i].substr(option.size() + 1);
        words_.erase(words_.begin() + i);
        return value;
      }
      if (words_[i] != option) continue;
      if (i + 1 == words_.size()) fail(option + " needs a value");
      std::string value = words_[i + 1];
      words_.erase(words_.begin() + i, words_.begin() + i + 2);
      return value;
    }
    return {};
  }

  void fail(const std::string& message) {
    fprintf(stderr, "%s: %s; --help shows the options\n", program_.c_str(), message.c_str());
    exit(2);
  }

  const char* purpose_;
  std::vector<std::string> words_;
  std::string program_, help_;
};

class Clock {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A line that is written over, on a terminal only.
inline void progress(const char* what, double fraction) {
  if (!isatty(2)) return;
  fprintf(stderr, "\r%s %3.0f %%", what, 100 * fraction);
  if (fraction >= 1) fprintf(stderr, "\r%*s\r", 40, "");
}

/// The self-check's last line and the exit status.
inline int verdict(bool right, const char* what) {
  printf("%s: %s\n", what, right ? "right" : "WRONG");
  return right ? 0 : 1;
}

}  // namespace example
