# Writes OUTPUT, a C file that holds each of SCRIPTS (a list of .lua files) as a byte array, and
# the table that lua/edge.c searches. Run by the build.
set(arrays "")
set(rows "")
foreach(script ${SCRIPTS})
  get_filename_component(name ${script} NAME_WE)
  file(READ ${script} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char ${name}_lua[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", (const char *)${name}_lua, sizeof ${name}_lua - 1},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"lua/edge.h\"\n\n${arrays}\nconst pn_lua_script pn_lua_scripts[] = {\n${rows}    {0, 0, 0}};\n")
