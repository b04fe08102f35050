// Writes a PNG: 8-bit RGB, stored without compression, so that nothing but this file is needed.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace png {

inline uint32_t crc(const std::string& bytes) {
  uint32_t value = 0xFFFFFFFF;
  for (unsigned char byte : bytes) {
    value ^= byte;
    for (int bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0xEDB88320 : 0);
  }
  return ~value;
}

inline std::string big_endian(uint32_t value) { return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)}; }

inline std::string chunk(const std::string& type, const std::string& data) {
  return big_endian(uint32_t(data.size())) + type + data + big_endian(crc(type + data));
}

/// `rgb` holds width * height * 3 bytes. Returns whether the file was written whole.
inline bool write(const char* path, int width, int height, const std::vector<uint8_t>& rgb) {
  std::string rows;
  for (int y = 0; y < height; y++) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(rgb.data()) + size_t(y) * width * 3, size_t(width) * 3);
  }
  std::string zlib = "\x78\x01";
  uint32_t a = 1, b = 0;
  for (unsigned char byte : rows) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  for (size_t at = 0; at < rows.size(); at += 65535) {
    size_t length = std::min<size_t>(65535, rows.size() - at);
    zlib += char(at + length == rows.size());
    zlib += {char(length), char(length >> 8), char(~length), char(~length >> 8)};
    zlib.append(rows, at, length);
  }
  zlib += big_endian(b << 16 | a);
  std::string file = "\x89PNG\r\n\x1a\n";
  file += chunk("IHDR", big_endian(width) + big_endian(height) + std::string("\x08\x02\0\0\0", 5));
  file += chunk("IDAT", zlib) + chunk("IEND", "");
  FILE* out = fopen(path, "wb");
  if (!out) return false;
  bool whole = fwrite(file.data(), 1, file.size(), out) == file.size();
  return fclose(out) == 0 && whole;
}

}  // namespace png
