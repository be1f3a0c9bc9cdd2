// SPDX-License-Identifier: BSL-1.0
/// Pictures with a class for each pixel, from a list of files.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/io/bytes.hpp>
#include <upset/io/dataset.hpp>
#include <upset/io/image.hpp>

namespace upset {

/// Pictures of one size, and the class of every pixel, [N, H, W]. Labels of the pictures are 0.
struct MaskedPictures {
  Dataset pictures{};
  std::vector<std::uint16_t> classes{};

  /// Those of one picture.
  [[nodiscard]] std::span<const std::uint16_t> mask(std::size_t index) const {
    const std::size_t pixels = classes.size() / pictures.size();
    return std::span(classes).subspan(index * pixels, pixels);
  }
};

namespace detail {

/// The two files that each line names, a tab or else a space in between. Throws `Error` naming the
/// line.
[[nodiscard]] inline std::vector<std::pair<std::string, std::string>> parse_mask_list(
    std::string_view text, const std::string& where) {
  std::vector<std::pair<std::string, std::string>> all;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    if (line.empty()) {
      continue;
    }
    const char separator = line.find('\t') == std::string_view::npos ? ' ' : '\t';
    const std::size_t at = line.find(separator);
    if (at == 0 || at == std::string_view::npos || at + 1 == line.size() ||
        line.find(separator, at + 1) != std::string_view::npos) {
      throw Error(where + ":" + std::to_string(number) +
                  ": should be a picture and its mask, with a tab or a space in between");
    }
    all.emplace_back(line.substr(0, at), line.substr(at + 1));
  }
  if (all.empty()) {
    throw Error(where + ": lists no pictures");
  }
  return all;
}

/// The grey levels of a picture, which stand for classes.
[[nodiscard]] inline std::vector<std::uint16_t> mask_classes(const Picture& mask,
                                                             const std::string& where) {
  std::vector<std::uint16_t> classes;
  for (std::size_t i = 0; i < mask.pixels.size(); i += mask.channels) {
    if (mask.pixels[i] != mask.pixels[i + 1] || mask.pixels[i] != mask.pixels[i + 2]) {
      throw Error(where + ": is coloured; a mask is grey, and its levels are classes");
    }
    classes.push_back(mask.pixels[i]);
  }
  return classes;
}

}  // namespace detail

/// Loads the pictures that a text file lists, at most the first `most`: on each line a picture and
/// its mask, paths from the folder of the list, with a tab or, where there is none, a space in
/// between. The grey level of a pixel of the mask is its class.
///
/// - shape:  pixels [N, H, W, 3], red green blue; all pictures are of the size of the first one
/// - errors: throws `Error` naming the file or the line: no list, a line of other than two names, a
///   picture that is missing or as `decode_image`, of another size, a mask in colours
/// - cost:   all are in memory
[[nodiscard]] inline MaskedPictures load_mask_list(
    const std::filesystem::path& list, std::size_t most = std::numeric_limits<std::size_t>::max()) {
  const std::vector<std::uint8_t> text = detail::read_bytes(list);
  const auto files = detail::parse_mask_list(
      {reinterpret_cast<const char*>(text.data()), text.size()}, list.string());
  MaskedPictures all;
  const auto load = [&](const std::string& name) {
    const std::filesystem::path file = list.parent_path() / name;
    Picture picture = load_image(file);
    if (all.pictures.height == 0) {
      all.pictures.height = static_cast<int>(picture.height);
      all.pictures.width = static_cast<int>(picture.width);
      all.pictures.channels = 3;
    }
    if (Shape{picture.height, picture.width, 3} != all.pictures.shape()) {
      throw Error(file.string() + ": has " + std::to_string(picture.height) + " x " +
                  std::to_string(picture.width) + " pixels, and the first picture " +
                  std::to_string(all.pictures.height) + " x " + std::to_string(all.pictures.width) +
                  "; make all of one size");
    }
    return picture;
  };
  for (std::size_t i = 0; i < std::min(files.size(), most); ++i) {
    const Picture picture = load(files[i].first);
    all.pictures.pixels.insert(all.pictures.pixels.end(), picture.pixels.begin(),
                               picture.pixels.end());
    const std::vector<std::uint16_t> mask = detail::mask_classes(
        load(files[i].second), (list.parent_path() / files[i].second).string());
    all.classes.insert(all.classes.end(), mask.begin(), mask.end());
    all.pictures.labels.push_back(0);
  }
  all.pictures.classes = 1;
  return all;
}

}  // namespace upset
