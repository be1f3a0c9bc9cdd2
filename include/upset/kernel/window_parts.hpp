// SPDX-License-Identifier: BSL-1.0
/// Windows sorted by the taps that lie on the picture, so that little padding is multiplied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/kernel/sum_writer.hpp>
#include <upset/kernel/window.hpp>

namespace upset {

/// Windows that multiply the same taps: places in the tables of `WindowParts`.
struct WindowPart {
  TapRange rows;
  TapRange columns;
  std::size_t begin;
  std::size_t end;
};

/// What `WindowParts` depend on: windows that `may_leave_out_taps`, on pictures one behind the
/// other, their outputs, and the rows of the product's tiles or a multiple of them.
struct WindowBlock {
  Window window;
  std::size_t pictures;
  std::size_t outputs;
  std::size_t tile_rows;
  bool leaves_out_columns;

  [[nodiscard]] friend bool operator==(const WindowBlock&, const WindowBlock&) = default;
};

/// The windows on a block of padded pictures, sorted by the taps they have to multiply.
///
/// At the border these are the rows and columns of the kernel that lie on the picture, as far as
/// such windows fill whole tiles; those left over are multiplied with all taps, as padding is there
/// to be read. A 3x3 kernel in tiles of six leaves out 4, 6 and 12 % of its products on pictures of
/// 32, 16 and 8 pixels.
class WindowParts {
 public:
  explicit WindowParts(const WindowBlock& block)
      : block_(block),
        bases_(block.pictures * block.window.output_pixels()),
        targets_(bases_.size() + detail::rows_ahead) {
    std::fill(targets_.end() - detail::rows_ahead, targets_.end(), 0);
    const Window& window = block.window;
    const AlignedVector<Run> down = runs(window.real_rows(), true);
    const AlignedVector<Run> across = runs(window.real_columns(), block.leaves_out_columns);
    parts_.reserve(down.size() * across.size() + 1);
    parts_.push_back({window.all_rows(), window.all_columns(), 0, 0});
    std::size_t end = 0;
    for (const Run& y : down) {
      for (const Run& x : across) {
        if (!has_all_taps(y, x)) {
          const std::size_t windows = block.pictures * y.size() * x.size();
          parts_.push_back(
              {y.taps, x.taps, end, end += windows / block.tile_rows * block.tile_rows});
        }
      }
    }
    // the windows that read all taps come first
    const std::size_t rest = bases_.size() - end;
    for (WindowPart& part : parts_) {
      part.begin += rest;
      part.end += rest;
    }
    parts_[0].begin = 0;
    std::size_t left_over = 0;
    auto part = parts_.begin();
    for (const Run& y : down) {
      for (const Run& x : across) {
        add(y, x, has_all_taps(y, x) ? WindowPart{} : *++part, left_over);
      }
    }
  }

  /// The same, which a thread keeps for its next pictures: to make them anew would take more than
  /// is left out of an 8-bit product of 32x32 pixels and 16 channels.
  [[nodiscard]] static std::shared_ptr<const WindowParts> of(const WindowBlock& block) {
    constexpr std::size_t most_kept = 16;
    constexpr std::size_t most_windows = 16384;
    thread_local std::vector<std::shared_ptr<const WindowParts>> kept;
    thread_local std::size_t oldest = 0;
    const auto known =
        std::ranges::find_if(kept, [&](const auto& parts) { return parts->block_ == block; });
    if (known != kept.end()) {
      return *known;
    }
    const std::shared_ptr<const WindowParts> made =
        std::allocate_shared<WindowParts>(AlignedAllocator<WindowParts>(), block);
    if (made->bases_.size() > most_windows) {
      return made;
    }
    if (kept.size() < most_kept) {
      kept.push_back(made);
    } else {
      kept[oldest] = made;
      oldest = (oldest + 1) % most_kept;
    }
    return made;
  }

  [[nodiscard]] const WindowBlock& block() const { return block_; }
  /// That of all taps first; some may have no windows.
  [[nodiscard]] std::span<const WindowPart> parts() const { return parts_; }
  /// Where the windows of a part begin to read, from the first column of its taps on.
  [[nodiscard]] std::span<const std::size_t> bases(const WindowPart& part) const {
    return std::span(bases_).subspan(part.begin, part.end - part.begin);
  }
  /// Where the outputs of each window of a part belong, and as many places more as `SumTarget`
  /// asks.
  [[nodiscard]] const std::size_t* targets(const WindowPart& part) const {
    return targets_.data() + part.begin;
  }

 private:
  /// Neighbouring rows (or columns) of output pixels that multiply the same taps.
  struct Run {
    TapRange taps;
    std::size_t begin;
    std::size_t end;

    [[nodiscard]] std::size_t size() const { return end - begin; }
  };

  [[nodiscard]] static AlignedVector<Run> runs(const RealLines& lines, bool leaves_out) {
    AlignedVector<Run> result;
    result.reserve(lines.pattern_of.size());
    for (std::size_t output = 0; output < lines.pattern_of.size(); ++output) {
      const TapRange taps = leaves_out ? real_taps(lines, output) : TapRange{0, lines.taps};
      if (!result.empty() && result.back().taps == taps) {
        ++result.back().end;
      } else {
        result.push_back({taps, output, output + 1});
      }
    }
    return result;
  }
  /// From the first tap on the picture to the last; all where there is none.
  [[nodiscard]] static TapRange real_taps(const RealLines& lines, std::size_t output) {
    const std::size_t pattern = lines.pattern_of[output];
    TapRange taps{0, lines.taps};
    while (taps.begin < taps.end && !lines.is_real(pattern, taps.begin)) {
      ++taps.begin;
    }
    while (taps.begin < taps.end && !lines.is_real(pattern, taps.end - 1)) {
      --taps.end;
    }
    return taps.size() == 0 ? TapRange{0, lines.taps} : taps;
  }
  [[nodiscard]] bool has_all_taps(const Run& down, const Run& across) const {
    return down.taps == block_.window.all_rows() && across.taps == block_.window.all_columns();
  }

  /// Adds windows to their part, and those it has no place for to the left over.
  void add(const Run& down, const Run& across, const WindowPart& part, std::size_t& left_over) {
    const Window& window = block_.window;
    const std::size_t step = window.column_step();
    const auto add_row = [=, this](std::size_t at, std::size_t count, std::size_t pixel,
                                   std::size_t base) {
      std::size_t* const bases = bases_.data() + at;
      std::size_t* const targets = targets_.data() + at;
      const std::size_t outputs = block_.outputs;
      for (std::size_t i = 0; i < count; ++i) {
        targets[i] = (pixel + i) * outputs;
        bases[i] = base + i * step;
      }
    };
    const std::size_t first = down.begin * window.output_width() + across.begin;
    const std::size_t first_tap = part.columns.begin * window.channels();
    std::size_t next = part.begin;
    for (std::size_t picture = 0; picture < block_.pictures; ++picture) {
      std::size_t base = picture * window.padded_size() + window.base(first);
      std::size_t pixel = picture * window.output_pixels() + first;
      for (std::size_t y = down.begin; y < down.end; ++y) {
        const std::size_t count = std::min(across.size(), part.end - next);
        add_row(next, count, pixel, base + first_tap);
        add_row(left_over, across.size() - count, pixel + count, base + count * step);
        next += count;
        left_over += across.size() - count;
        base += window.row_step();
        pixel += window.output_width();
      }
    }
  }

  WindowBlock block_;
  AlignedVector<std::size_t> bases_;
  AlignedVector<std::size_t> targets_;
  AlignedVector<WindowPart> parts_;
};

}  // namespace upset
