// What a texture or surface object is: the handle that programs pass to kernels is the address of this, in device memory. The driver
// writes it (src/driver/texture.cpp), texture.c and src/exec/texture.cpp read it.
#pragma once

#define AW_TEXTURE_LINEAR 1u      // interpolates between texels
#define AW_TEXTURE_NORMALIZED 2u  // coordinates run from 0 to 1
#define AW_TEXTURE_TO_FLOAT 4u    // integers are read as fractions of their largest value
#define AW_TEXTURE_MEMORY 8u      // linear memory: outside of it everything is 0
#define AW_TEXTURE_LEVELS 16u     // there are more levels than the base, or a level of detail counts
#define AW_TEXTURE_BLEND 32u      // interpolates between levels
#define AW_TEXTURE_SRGB 64u       // the first three channels are read through srgb
#define AW_TEXTURE_SEAMLESS 128u  // a cubemap interpolates across the edges of its faces

#define AW_TEXTURE_UNSIGNED 0u
#define AW_TEXTURE_SIGNED 1u
#define AW_TEXTURE_FLOATING 2u

struct AwTextureLevel {
  unsigned long long data;   // address of texel (0, 0, 0)
  unsigned long long slice;  // bytes from one layer, or depth, to the next
  unsigned long long pitch;  // bytes from one row to the next
  unsigned int width, height, depth;  // texels; at least 1 each. depth counts layers and faces, too
  unsigned int unused;
};

struct AwTexture {
  struct AwTextureLevel base;
  unsigned int channels;       // 1, 2 or 4
  unsigned int channel_bytes;  // 1, 2 or 4
  unsigned int kind;           // AW_TEXTURE_UNSIGNED, ...
  unsigned int flags;
  unsigned int address[3];  // 0 wrap, 1 clamp, 2 mirror, 3 border
  unsigned int level_count;  // at least 1
  float border[4];
  float bias, least_level, most_level;  // added to a level of detail, and its bounds
  unsigned int unused;
  unsigned long long levels;  // address of level_count AwTextureLevel; 0 without AW_TEXTURE_LEVELS
  unsigned long long srgb;    // address of 256 floats: what a byte stands for; 0 without AW_TEXTURE_SRGB
};

// How a fetch reads: the argument `how` of aw.texture.
#define AW_FETCH_DIMENSIONS 3u  // 1, 2 or 3; with CUBE 3, and x, y, z are a direction
#define AW_FETCH_CUBE 4u
#define AW_FETCH_LAYER 8u    // layer counts
#define AW_FETCH_LEVEL 16u   // lod counts, else it is the base level
#define AW_FETCH_WHOLE 32u   // x, y and z hold the bits of whole numbers
#define AW_FETCH_GATHER 64u  // four texels of the channel how >> AW_FETCH_CHANNEL_SHIFT
#define AW_FETCH_CHANNEL_SHIFT 8u
