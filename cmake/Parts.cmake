# SPDX-License-Identifier: BSL-1.0
# The one table of what needs more than the standard library. Read by Library.cmake (targets),
# upsetConfig.cmake (what find_package looks for) and CheckLayers.cmake (who may include what).
#
# A row: part | its headers below include/upset (regex) | package to find | targets linked (commas)
#        | third-party includes those headers may write (regex)
# The first row that matches a header owns it, and a part only links parts above it; a header that
# matches no row belongs to upset::upset and may use the standard library alone.
set(upset_parts
    "random|^core/random[.]hpp|Random123|Random123::Random123|^Random123/"
    "fmt|^interop/fmt[.]hpp|fmt|fmt::fmt|^fmt/"
    "multiprecision|^interop/multiprecision[.]hpp|Boost|Boost::headers|^boost/multiprecision/"
    "io|^io/|ZLIB|ZLIB::ZLIB|^zlib[.]h"
    "metric|^metric/|Boost|Boost::headers|^boost/math/"
    "fault|^fault/||upset::random|"
    "pass|^pass/||upset::random|"
    "train|^train/|Threads|upset::random,upset::io,upset::pass,Threads::Threads|"
    "campaign|^campaign/|Threads|upset::fault,upset::metric,upset::io,upset::pass,Threads::Threads|"
    "report|^report/||upset::train,upset::campaign|")

# Splits a row into part_name, part_headers, part_package, part_links and part_includes.
macro(upset_read_part row)
  string(REPLACE "|" ";" part_fields "${row}")
  list(GET part_fields 0 part_name)
  list(GET part_fields 1 part_headers)
  list(GET part_fields 2 part_package)
  list(GET part_fields 3 part_links)
  list(GET part_fields 4 part_includes)
  string(REPLACE "," ";" part_links "${part_links}")
endmacro()
