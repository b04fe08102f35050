// Conway's Game of Life on a torus. Every thread computes one 32-bit word of cells, 32 cells at once: the eight neighbours are
// eight shifted words, and a small adder of bitwise operations counts them in all 32 columns in parallel.
#include "../example.h"

#include <algorithm>
#include <random>

struct Board {
  int words, height;  // a row is `words` words of 32 cells
};

/// The cells of a row, shifted so that each bit holds its left or right neighbour.
__device__ inline unsigned left(unsigned previous, unsigned word) { return word << 1 | previous >> 31; }
__device__ inline unsigned right(unsigned word, unsigned next) { return word >> 1 | next << 31; }

__global__ void step(const unsigned* cells, unsigned* next, Board board) {
  int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= board.words || y >= board.height) return;
  int before = x == 0 ? board.words - 1 : x - 1, after = x == board.words - 1 ? 0 : x + 1;
  // Two sums of three neighbours, above and below, and one of two, beside: ones and twos of each.
  unsigned ones[3], twos[3], alive = 0;
#pragma unroll
  for (int dy = -1; dy <= 1; dy++) {
    int row = y + dy < 0 ? board.height - 1 : y + dy == board.height ? 0 : y + dy;
    const unsigned* at = cells + row * board.words;
    unsigned middle = at[x], a = left(at[before], middle), b = right(middle, at[after]);
    if (dy == 0) {
      alive = middle;
      ones[1] = a ^ b;
      twos[1] = a & b;
    } else {
      ones[dy + 1] = a ^ b ^ middle;
      twos[dy + 1] = (a & b) | (middle & (a ^ b));
    }
  }
  unsigned one = ones[0] ^ ones[1] ^ ones[2];
  unsigned carry = (ones[0] & ones[1]) | (ones[2] & (ones[0] ^ ones[1]));
  // A cell lives with 3 neighbours, or with 2 when it was alive: the twos must add up to exactly one.
  unsigned odd = twos[0] ^ twos[1] ^ twos[2] ^ carry;
  unsigned pairs = (twos[0] & twos[1]) | (twos[2] & carry) | ((twos[0] | twos[1]) & (twos[2] | carry));
  next[y * board.words + x] = odd & ~pairs & (one | alive);
}

/// The same, one cell at a time.
std::vector<unsigned> plain_step(const std::vector<unsigned>& cells, Board board) {
  int width = board.words * 32;
  auto cell = [&](int x, int y) {
    x = (x + width) % width;
    y = (y + board.height) % board.height;
    return cells[size_t(y) * board.words + x / 32] >> x % 32 & 1;
  };
  std::vector<unsigned> next(cells.size());
  for (int y = 0; y < board.height; y++)
    for (int x = 0; x < width; x++) {
      unsigned around = 0;
      for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++) around += (dx || dy) ? cell(x + dx, y + dy) : 0;
      if (around == 3 || (around == 2 && cell(x, y))) next[size_t(y) * board.words + x / 32] |= 1u << x % 32;
    }
  return next;
}

/// A glider gun in the upper left corner, or cells by chance.
std::vector<unsigned> start(Board board, const std::string& pattern) {
  std::vector<unsigned> cells(size_t(board.words) * board.height);
  if (pattern == "random") {
    std::mt19937 random(5);
    for (unsigned& word : cells) word = random() & random();
    return cells;
  }
  const char* gun[] = {
      "........................#...........", "......................#.#...........", "............##......##............##",
      "...........#...#....##............##", "##........#.....#...##..............", "##........#...#.##....#.#...........",
      "..........#.....#.......#...........", "...........#...#....................", "............##......................"};
  for (int y = 0; y < 9; y++)
    for (int x = 0; x < 36; x++)
      if (gun[y][x] == '#') cells[size_t(y + 4) * board.words + (x + 4) / 32] |= 1u << (x + 4) % 32;
  return cells;
}

/// Shows the upper left part with two cells in a character.
void show(const std::vector<unsigned>& cells, Board board, int generation) {
  auto cell = [&](int x, int y) { return y < board.height && (cells[size_t(y) * board.words + x / 32] >> x % 32 & 1); };
  for (int y = 0; y < std::min(board.height, 44); y += 2) {
    for (int x = 0; x < std::min(board.words * 32, 96); x++)
      fputs(cell(x, y) ? cell(x, y + 1) ? "\u2588" : "\u2580" : cell(x, y + 1) ? "\u2584" : " ", stdout);
    putchar('\n');
  }
  printf("generation %d\n", generation);
}

int main(int argc, char** argv) {
  example::Options options("Conway's Game of Life, 32 cells a thread.", argc, argv);
  Board board;
  board.words = (options.number("width", 4096, "cells across, rounded up to a multiple of 32", 64, 1 << 16) + 31) / 32;
  board.height = options.number("height", 4096, "cells down", 16, 1 << 16);
  int generations = options.number("generations", 500, "to run", 1, 1 << 24);
  std::string pattern = options.word("pattern", "gun", "gun or random");
  bool animate = options.word("show", "end", "end: the last generation; all: every tenth one, on a terminal") == "all" && isatty(1);
  options.finish();
  if (pattern != "gun" && pattern != "random") {
    fprintf(stderr, "there is no pattern '%s'; there are gun and random\n", pattern.c_str());
    return 2;
  }
  std::vector<unsigned> cells = start(board, pattern);
  size_t bytes = cells.size() * sizeof(unsigned);
  unsigned *from, *to;
  CHECK(cudaMalloc(&from, bytes));
  CHECK(cudaMalloc(&to, bytes));
  CHECK(cudaMemcpy(from, cells.data(), bytes, cudaMemcpyHostToDevice));
  dim3 block(32, 8), grid((board.words + 31) / 32, (board.height + 7) / 8);
  step<<<grid, block>>>(from, to, board);  // the first launch compiles
  CHECK(cudaDeviceSynchronize());

  // Every generation of a small board is compared with the plain rule, before the large one runs.
  Board small = {3, 50};
  std::vector<unsigned> expected = start(small, "random"), found(expected.size());
  unsigned *small_from, *small_to;
  CHECK(cudaMalloc(&small_from, expected.size() * 4));
  CHECK(cudaMalloc(&small_to, expected.size() * 4));
  CHECK(cudaMemcpy(small_from, expected.data(), expected.size() * 4, cudaMemcpyHostToDevice));
  bool right = true;
  for (int i = 0; i < 100 && right; i++) {
    step<<<dim3(1, 7), block>>>(small_from, small_to, small);
    CHECK(cudaMemcpy(found.data(), small_to, found.size() * 4, cudaMemcpyDeviceToHost));
    expected = plain_step(expected, small);
    right = found == expected;
    std::swap(small_from, small_to);
  }
  CHECK(cudaFree(small_from));
  CHECK(cudaFree(small_to));

  example::Clock clock;
  for (int i = 0; i < generations; i++) {
    step<<<grid, block>>>(from, to, board);
    std::swap(from, to);
    if (i % 10 != 9) continue;
    CHECK(cudaDeviceSynchronize());
    if (animate) {
      CHECK(cudaMemcpy(cells.data(), from, bytes, cudaMemcpyDeviceToHost));
      fputs("\033[H\033[2J", stdout);
      show(cells, board, i + 1);
    } else {
      example::progress("life", double(i + 1) / generations);
    }
  }
  CHECK(cudaDeviceSynchronize());
  double seconds = clock.seconds();
  CHECK(cudaMemcpy(cells.data(), from, bytes, cudaMemcpyDeviceToHost));
  example::progress("life", 1);
  show(cells, board, generations);
  long alive = 0;
  for (unsigned word : cells) alive += __builtin_popcount(word);
  printf("%d x %d cells, %d generations in %.2f s: %.2f G cells/s; %ld are alive\n", board.words * 32, board.height, generations, seconds,
         double(board.words) * 32 * board.height * generations / seconds * 1e-9, alive);
  CHECK(cudaFree(from));
  CHECK(cudaFree(to));
  return example::verdict(right, "100 generations of a small board");
}
