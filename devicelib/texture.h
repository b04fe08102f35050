// What a texture or surface object is: the handle that programs pass to kernels is the address of this, in device memory. The driver
// writes it (src/driver/texture.cpp), texture.c reads it.
#pragma once

#define AW_TEXTURE_LINEAR 1u      // interpolates between texels
#define AW_TEXTURE_NORMALIZED 2u  // coordinates run from 0 to 1
#define AW_TEXTURE_TO_FLOAT 4u    // integers are read as fractions of their largest value
#define AW_TEXTURE_MEMORY 8u      // linear memory: outside of it everything is 0

#define AW_TEXTURE_UNSIGNED 0u
#define AW_TEXTURE_SIGNED 1u
#define AW_TEXTURE_FLOATING 2u

struct AwTexture {
  unsigned long long data;   // address of texel (0, 0, 0)
  unsigned long long slice;  // bytes from one layer, or depth, to the next
  unsigned long long pitch;  // bytes from one row to the next
  unsigned int width, height, depth;  // texels; at least 1 each. depth counts layers and faces, too
  unsigned int channels;       // 1, 2 or 4
  unsigned int channel_bytes;  // 1, 2 or 4
  unsigned int kind;           // AW_TEXTURE_UNSIGNED, ...
  unsigned int flags;
  unsigned int address[3];  // 0 wrap, 1 clamp, 2 mirror, 3 border
  float border[4];
};
