# SPDX-License-Identifier: BSL-1.0
# The one table of what needs more than the standard library. Read by Library.cmake (targets),
# upsetConfig.cmake (what find_package looks for) and CheckLayers.cmake (who may include what).
#
# A row: part | its headers below include/upset (regexes, commas) | package to find | targets linked (commas)
#        | includes beyond the standard library that those headers may write (regexes, commas)
# The first row that matches a header owns it, and a part only links parts above it; a header that
# matches no row belongs to upset::upset and may use the standard library alone.
set(upset_parts
    "threads|^core/parallel[.]hpp|Threads|Threads::Threads|"
    "random|^core/random[.]hpp|Random123|Random123::Random123|^Random123/"
    "fmt|^interop/fmt[.]hpp|fmt|fmt::fmt|^fmt/"
    "multiprecision|^interop/multiprecision[.]hpp|Boost|Boost::headers|^boost/multiprecision/"
    "io|^io/b,^io/c,^io/dataset,^io/idx,^io/np,^io/picture,^io/weights,^io/zip|ZLIB|ZLIB::ZLIB|^zlib[.]h"
    "jpeg|^io/jpeg|TurboJPEG|TurboJPEG::TurboJPEG,upset::io|^turbojpeg[.]h"
    "image|^io/image,^io/load_dataset,^io/mask_list|Stb|Stb::Stb,upset::jpeg|^stb/"
    "json|^io/json,^io/tflite,^io/safetensors|nlohmann_json|nlohmann_json::nlohmann_json,upset::io|^nlohmann/"
    "onnx|^io/onnx|ONNX|ONNX::proto,upset::io|^onnx/"
    "metric|^metric/|Boost|Boost::headers|^boost/math/"
    "fault|^fault/||upset::random|"
    "pass|^pass/||upset::random|"
    "train|^train/||upset::threads,upset::random,upset::io,upset::pass|^fcntl[.]h,^unistd[.]h"
    "outcome|^campaign/outcome[.]hpp|||"
    "journal|^campaign/journal,^campaign/plan_text|SQLite3|SQLite::SQLite3,upset::outcome|^sqlite3[.]h"
    "campaign|^campaign/||upset::outcome,upset::journal,upset::threads,upset::fault,upset::metric,upset::io,upset::pass|"
    "mpi|^interop/mpi|MPI|MPI::MPI_CXX,upset::campaign|^mpi[.]h"
    "report|^report/||upset::train,upset::campaign|^stdlib[.]h,^unistd[.]h")

# Splits a row into upset_part_name, _headers, _package, _links and _includes.
macro(upset_read_part row)
  string(REPLACE "|" ";" upset_part_fields "${row}")
  list(GET upset_part_fields 0 upset_part_name)
  list(GET upset_part_fields 1 upset_part_headers)
  list(GET upset_part_fields 2 upset_part_package)
  list(GET upset_part_fields 3 upset_part_links)
  list(GET upset_part_fields 4 upset_part_includes)
  string(REPLACE "," "|" upset_part_headers "${upset_part_headers}")
  string(REPLACE "," ";" upset_part_links "${upset_part_links}")
  string(REPLACE "," "|" upset_part_includes "${upset_part_includes}")
endmacro()
