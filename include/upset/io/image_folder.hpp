// SPDX-License-Identifier: BSL-1.0
/// A folder of picture files with a list of their labels.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <upset/io/dataset.hpp>
#include <upset/io/image.hpp>

namespace upset {

/// How pictures of any size become pictures of one size.
struct ImageFolderOptions {
  std::size_t height = 224;
  std::size_t width = 224;
  /// What the shorter side is made before the middle is cut out; 0: pictures are resized to height
  /// and width, whatever their proportions. A picture that has the final size already is not
  /// touched.
  std::size_t shorter_side = 256;
  Resampling resampling = Resampling::bilinear;
  std::filesystem::path list{};  ///< of labels; empty: labels or classes, .tsv or .csv
  std::size_t most = std::numeric_limits<std::size_t>::max();  ///< pictures; the first ones
};

namespace detail {

struct ListedImage {
  std::filesystem::path file;
  std::uint16_t label;
};

/// labels or classes, .tsv or .csv, whichever is in `folder`.
[[nodiscard]] inline std::filesystem::path find_label_list(const std::filesystem::path& folder) {
  for (const char* const name : {"labels.tsv", "labels.csv", "classes.tsv", "classes.csv"}) {
    std::error_code status;
    if (std::filesystem::is_regular_file(folder / name, status)) {
      return folder / name;
    }
  }
  throw Error(folder.string() +
              ": has no list of labels; write labels.tsv with the columns file and label");
}

/// Lines of text split at tabs, or at commas in a .csv file; a quoted field may hold commas.
[[nodiscard]] inline std::vector<std::string> split_fields(std::string_view line, char separator) {
  std::vector<std::string> fields(1);
  bool is_quoted = false;
  for (const char letter : line) {
    if (letter == '"' && separator == ',') {
      is_quoted = !is_quoted;
    } else if (letter == separator && !is_quoted) {
      fields.emplace_back();
    } else if (letter != '\r') {
      fields.back() += letter;
    }
  }
  return fields;
}

/// The files and labels of a list, whose header names columns "file" and "label". Throws `Error`
/// naming the line.
[[nodiscard]] inline std::vector<ListedImage> parse_label_list(std::string_view text,
                                                               const std::string& where,
                                                               char separator) {
  std::vector<ListedImage> all;
  std::optional<std::size_t> file;
  std::size_t label = 0;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string> fields = split_fields(text.substr(0, end), separator);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!file) {
      const auto at = [&](std::string_view name) {
        const auto found = std::ranges::find(fields, name);
        if (found == fields.end()) {
          throw Error(where + ": its first line names no column '" + std::string(name) +
                      "'; begin it with file and label, " + (separator == ',' ? "commas" : "tabs") +
                      " in between");
        }
        return static_cast<std::size_t>(found - fields.begin());
      };
      file = at("file");
      label = at("label");
      continue;
    }
    if (fields == std::vector<std::string>{""}) {
      continue;
    }
    std::uint16_t number = 0;
    bool is_whole = std::max(*file, label) < fields.size() && !fields[*file].empty();
    if (is_whole) {
      const char* const last = fields[label].data() + fields[label].size();
      const auto [stop, error] = std::from_chars(fields[label].data(), last, number);
      is_whole = error == std::errc() && stop == last;
    }
    if (!is_whole) {
      throw Error(where + ":" + std::to_string(line) +
                  ": gives no file with a label from 0 to 65535");
    }
    all.push_back({fields[*file], number});
  }
  if (all.empty()) {
    throw Error(where + ": lists no pictures");
  }
  return all;
}

/// A picture of the size that `options` ask for.
[[nodiscard]] inline Picture fitted(Picture picture, const ImageFolderOptions& options) {
  if (picture.height == options.height && picture.width == options.width) {
    return picture;
  }
  if (options.shorter_side == 0) {
    return resize(picture, options.height, options.width, options.resampling);
  }
  return centre_crop(resize_shorter_side(picture, options.shorter_side, options.resampling),
                     options.height, options.width);
}

}  // namespace detail

/// Loads the pictures that a list names, in its order, red green blue. The list is a table with a
/// header, of tabs (.tsv) or commas (.csv): column "file" is a path from `folder`, column "label" a
/// class from 0; other columns are ignored.
///
/// - shape:  pixels [N, options.height, options.width, 3]; `classes` is the largest label plus one,
///   of the whole list
/// - errors: throws `Error` naming the file: no list, a line without file or label, a picture that
///   is missing or as `decode_image`
/// - cost:   all pictures are in memory; decoding takes 3 ms for 224 x 224 pixels
[[nodiscard]] inline Dataset load_image_folder(const std::filesystem::path& folder,
                                               const ImageFolderOptions& options = {}) {
  detail::expect_directory(folder);
  const std::filesystem::path list =
      options.list.empty() ? detail::find_label_list(folder) : options.list;
  const std::vector<std::uint8_t> text = detail::read_bytes(list);
  const std::vector<detail::ListedImage> images =
      detail::parse_label_list({reinterpret_cast<const char*>(text.data()), text.size()},
                               list.string(), list.extension() == ".csv" ? ',' : '\t');
  Dataset data{
      .height = static_cast<int>(options.height),
      .width = static_cast<int>(options.width),
      .channels = 3,
      .classes = 1 + std::ranges::max_element(images, {}, &detail::ListedImage::label)->label,
      .pixels = {},
      .labels = {}};
  for (std::size_t i = 0; i < std::min(images.size(), options.most); ++i) {
    const std::filesystem::path file = folder / images[i].file;
    try {
      const Picture picture = detail::fitted(load_image(file), options);
      data.pixels.insert(data.pixels.end(), picture.pixels.begin(), picture.pixels.end());
    } catch (const Error& error) {
      const std::string said = error.what();
      throw Error(said.starts_with(file.string()) ? said : file.string() + ": " + said);
    }
    data.labels.push_back(images[i].label);
  }
  return data;
}

}  // namespace upset
