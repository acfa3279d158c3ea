"""The demonstration township (演示镇): its people, its programmes, and its story told by the real verbs."""
