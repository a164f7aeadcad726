# Writes OUTPUT, a C file that holds each of ASSETS (a list of files) as a byte array, and the table
# of web/assets.h. Run by the build.
set(arrays "")
set(rows "")
set(number 0)
foreach(asset ${ASSETS})
  get_filename_component(name ${asset} NAME)
  file(READ ${asset} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char asset_${number}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", asset_${number}, sizeof asset_${number} - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"web/assets.h\"\n\n${arrays}\nconst pn_asset pn_assets[] = {\n${rows}    {0, 0, 0}};\n")
