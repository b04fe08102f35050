#include "exec/output.h"

#include "exec/device_heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace anywarp::exec {
namespace {

// The buffer of CUDA's vprintf.
class Packed {
 public:
  template <class T>
  Packed& operator<<(T value) {
    size_ = (size_ + sizeof(T) - 1) / sizeof(T) * sizeof(T);
    memcpy(bytes_ + size_, &value, sizeof(T));
    size_ += sizeof(T);
    return *this;
  }
  const void* data() const { return bytes_; }

 private:
  alignas(8) char bytes_[256] = {};
  size_t size_ = 0;
};

std::string printed(const char* format, const Packed& arguments, int32_t expected_count) {
  testing::internal::CaptureStdout();
  EXPECT_EQ(print_formatted(format, arguments.data()), expected_count);
  flush_output();
  return testing::internal::GetCapturedStdout();
}

TEST(Output, Formats) {
  EXPECT_EQ(printed("plain 100%%\n", {}, 0), "plain 100%\n");
  EXPECT_EQ(printed("%d %u %x|", Packed() << -5 << 7u << 255u, 3), "-5 7 ff|");
  EXPECT_EQ(printed("%d %lld %d", Packed() << 1 << int64_t(-1) << 2, 3), "1 -1 2");
  EXPECT_EQ(printed("%5.2f|%-8s|%+d|%08.3e", Packed() << 3.14159 << "abc" << 5 << 12345.678, 4), " 3.14|abc     |+5|1.235e+04");
  EXPECT_EQ(printed("%*d|%.*f", Packed() << 5 << 42 << 2 << 1.23456, 4), "   42|1.23");
  EXPECT_EQ(printed("%c%c %s", Packed() << int('o') << int('k') << static_cast<const char*>(nullptr), 3), "ok (null)");
  EXPECT_EQ(printed("%lu %zu %hhd", Packed() << uint64_t(1) << uint64_t(2) << 300, 3), "1 2 44");
  EXPECT_EQ(printed("%p", Packed() << uint64_t(0x1234), 1), "0x1234");
}

TEST(Output, StrangeFormatsAreTextOrCut) {
  EXPECT_EQ(print_formatted(nullptr, nullptr), -1);
  EXPECT_EQ(printed("%q %", {}, 0), "%q %");
  EXPECT_EQ(printed("%n", {}, 0), "%n");
  EXPECT_EQ(printed("%99999999999d", Packed() << 1, 1).size(), 4096u);
  const std::string longest(20000, 'x');
  EXPECT_EQ(printed(longest.c_str(), {}, 0).size(), 8192u);
}

TEST(DeviceHeap, KeepsToItsLimitAndItsRecord) {
  set_heap_limit(1 << 20);
  void* one = heap_allocate(100);
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(heap_allocate(2 << 20), nullptr);
  EXPECT_EQ(heap_allocate(1 << 20), nullptr);
  EXPECT_TRUE(heap_release(one));
  EXPECT_FALSE(heap_release(one));
  EXPECT_TRUE(heap_release(nullptr));
  EXPECT_NE(heap_allocate(1 << 20), nullptr);
  heap_reset();
  EXPECT_NE(heap_allocate(1 << 20), nullptr);
  heap_reset();
  set_heap_limit(8 << 20);
}

}  // namespace
}  // namespace anywarp::exec
